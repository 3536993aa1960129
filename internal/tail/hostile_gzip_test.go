package tail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// pack compresses what is written by fill.
func (w *world) pack(name string, fill func(io.Writer)) (size int) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fill(z)
	w.must(z.Close())
	w.must(os.WriteFile(w.path(name), b.Bytes(), 0o644))
	return b.Len()
}

// noise is so many lines that hardly compress.
func noise(lines int) []byte {
	random := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, "%d %016x%016x%016x\n", i, random.Uint64(), random.Uint64(), random.Uint64())
	}
	return b.Bytes()
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// A bomb costs no memory, and nobody waits for it for longer than a turn.
func TestCompressedBombTakesTurns(t *testing.T) {
	for name, bomb := range map[string]struct {
		line string
		size int
	}{
		"without a newline": {strings.Repeat("x", 4096), 12 << 20},
		"of empty lines":    {strings.Repeat("\n", 4096), 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			line, size := bomb.line, bomb.size
			w := newWorld(t)
			w.decoder = Plain
			packed := w.pack("bomb.log.1.gz", func(z io.Writer) {
				for range size / len(line) {
					_, err := io.WriteString(z, line)
					w.must(err)
				}
			})
			if packed > size/900 {
				t.Fatalf("the bomb is compressed 1:%d only", size/packed)
			}
			runtime.GC()
			before, peak := heap(), uint64(0)
			w.look()
			l := w.agent().Lane(0)
			var b event.Batch
			for turn := 0; l.Read(&b) || !l.ready.empty(); turn++ {
				if turn%100 == 0 {
					peak = max(peak, heap())
					w.write("shy.log", fmt.Sprintln("line", turn))
					w.look()
				}
				if turn%100 == 3 && w.agent().chains["shy"].files[0].unread() > 0 {
					t.Fatal("a line of another file waits for more than three turns")
				}
				if turn == 3 && w.agent().chains["bomb"].files[0].done.Load() {
					t.Fatal("the bomb was read at once")
				}
			}
			if peak > before+10<<20 {
				t.Errorf("%d MiB of memory for a bomb of %d MiB", (peak-before)>>20, size>>20)
			}
			if got := w.agent().chains["bomb"].files[0].offset.Load(); got != int64(size) {
				t.Errorf("read %d bytes of %d", got, size)
			}
		})
	}
}

// To go on far behind in a large file, others do not have to wait until it is
// inflated up to there.
func TestCompressedFileIsResumedInTurns(t *testing.T) {
	w := newWorld(t)
	w.decoder = Plain
	content := noise(40_000)
	w.write("big.log", string(content))
	w.look()
	w.read()
	w.seal(DefaultClass)
	w.crash()
	w.append("big.log", []string{"the next line"}, true)
	w.must(os.Rename(w.path("big.log"), w.path("big.log.1")))
	w.gzip("big.log.1", "big.log.1.gz")
	w.must(os.Remove(w.path("big.log.1")))
	w.append("shy.log", []string{"one line"}, true)
	w.look()
	l := w.agent().Lane(0)
	var got []string
	calls := 0
	for ; l.Read(&w.batch) || !l.ready.empty(); calls++ {
		for i := range w.batch.Records {
			got = append(got, string(w.batch.Bytes(w.batch.Records[i].Line)))
		}
	}
	if fmt.Sprint(got) != "[one line the next line]" {
		t.Errorf("read %q", got)
	}
	if least := len(content) >> 20; calls < least {
		t.Errorf("%d MiB were inflated in %d turns", len(content)>>20, calls)
	}
}

// However many files were compressed, few are inflated at a time, and each is
// read whole.
func TestManyCompressedFilesAreInflatedAFewAtATime(t *testing.T) {
	const files = 3 * maxInflaters
	w := newWorld(t)
	w.decoder = Plain
	content := noise(1200)
	for i := range files {
		w.pack(fmt.Sprintf("a%d.log.1.gz", i), func(z io.Writer) { fmt.Fprintf(z, "log %d\n%s", i, content) })
	}
	w.look()
	l := w.agent().Lane(0)
	records, most := 0, 0
	var b event.Batch
	for l.Read(&b) || !l.ready.empty() {
		records += len(b.Records)
		most = max(most, l.inflaters)
	}
	if want := files * 1201; records != want {
		t.Errorf("%d records, want %d", records, want)
	}
	if most != maxInflaters || l.inflaters != 0 {
		t.Errorf("up to %d files were inflated at a time, and %d are left", most, l.inflaters)
	}
}

// storedSize is how much is in a block that is not compressed (RFC 1951,
// section 3.2.4). Each begins with its length and the complement of that, so
// damage is found where it is.
const storedSize = 65535

func stored(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// storedBlock is where the length of the n-th block is: behind gzip's ten
// bytes, the blocks before it and the type of its own.
func storedBlock(n int) int { return 10 + n*(5+storedSize) + 1 }

// A file that is damaged gives the lines before the damage; it is said once and
// counted, and what follows is lost in bytes. A restart counts nothing twice.
func TestDamageInACompressedFileIsCounted(t *testing.T) {
	w := newWorld(t)
	w.decoder = Plain
	var log bytes.Buffer
	w.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	content := noise(20_000)
	w.must(os.WriteFile(w.path("a.log.1.gz"), stored(t, content), 0o644))
	w.damage("a.log.1.gz", storedBlock(5))
	w.append("b.log", []string{"good"}, true)
	w.look()
	l := w.agent().Lane(0)
	var read bytes.Buffer
	for l.Read(&w.batch) || !l.ready.empty() {
		for i := range w.batch.Records {
			if w.batch.Source.Identity.Path == "a" {
				fmt.Fprintf(&read, "%s\n", w.batch.Bytes(w.batch.Records[i].Line))
			}
		}
	}
	whole := bytes.LastIndexByte(bytes.TrimSuffix(read.Bytes(), []byte("\n")), '\n')
	if whole < 4*storedSize || !bytes.HasPrefix(content, read.Bytes()[:whole]) {
		t.Errorf("of %d bytes, %d were read up to the damage", len(content), whole)
	}
	var lost uint64
	for _, s := range l.States(DefaultClass, nil) {
		if lost += s.Counts.LostBytes; s.Counts.LostBytes != 0 && s.Counts.Bytes+s.Counts.LostBytes != uint64(len(content)) {
			t.Errorf("read %d and lost %d bytes of %d", s.Counts.Bytes, s.Counts.LostBytes, len(content))
		}
		s.Counts = event.Counts{}
		w.known[s.ID] = s
	}
	if lost == 0 || w.agent().Damaged() != 1 || strings.Count(log.String(), "damaged") != 1 {
		t.Errorf("%d bytes are lost, %d files damaged; said: %s", lost, w.agent().Damaged(), log.String())
	}
	w.crash()
	w.now = w.now.Add(time.Hour)
	w.look()
	if got := w.read(); got != "" {
		t.Errorf("after a restart: %s", shorten([]byte(got)))
	}
	for _, s := range w.agent().Lane(0).States(DefaultClass, nil) {
		if s.Counts.LostBytes != 0 {
			t.Errorf("a restart counts %d bytes again", s.Counts.LostBytes)
		}
	}
}
