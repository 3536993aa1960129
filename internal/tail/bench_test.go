package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// corpus is a chunk of lines as containerd writes them; every hundredth is in
// two pieces.
func corpus() []byte {
	var b strings.Builder
	at := time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)
	for i := 0; b.Len() < 240<<10; i++ {
		at = at.Add(137 * time.Microsecond)
		stamp := at.Format(time.RFC3339Nano)
		if i%100 == 0 {
			fmt.Fprintf(&b, "%s stdout P %s\n", stamp, strings.Repeat("x", 200))
		}
		fmt.Fprintf(&b, "%s stdout F %s\n", stamp, strings.Repeat("y", 207))
	}
	return []byte(b.String())
}

// dockerCorpus is the same as Docker writes it; the content is JSON, as that of
// many applications, so that most lines have escapes.
func dockerCorpus() []byte {
	var b strings.Builder
	at := time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)
	text := strings.Repeat(`{\"a\":\"`+strings.Repeat("y", 35)+`\"}`, 5)[:207]
	for i := 0; b.Len() < 240<<10; i++ {
		at = at.Add(137 * time.Microsecond)
		end := `\n`
		if i%100 == 0 {
			end = ""
		}
		fmt.Fprintf(&b, `{"log":"%s%s","stream":"stdout","time":"%s"}`+"\n", text, end, at.Format(time.RFC3339Nano))
	}
	return []byte(b.String())
}

// rereading is an agent over one file that can be read again and again.
func rereading(tb testing.TB, content []byte, multiline bool) (read func() int) {
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), content, 0o644); err != nil {
		tb.Fatal(err)
	}
	w := &world{dir: dir, decoder: Container, known: map[event.SourceID]frame.Source{}}
	e := NewEngine(Options{Providers: []Provider{w}, Node: "node", Silence: time.Minute, Multiline: multiline})
	tb.Cleanup(e.closeAll)
	e.scan(context.Background(), "")
	l := e.Lane(0)
	var b event.Batch
	var states []frame.Source
	return func() int {
		records := 0
		for l.Read(&b) {
			records += len(b.Records)
		}
		states = l.States(DefaultClass, states[:0])
		c := e.chains["a"]
		r := c.files[0].reading
		r.offset, r.tail, r.pending = 0, emptyTail, 0
		l.enqueue(c)
		return records
	}
}

// A line costs no allocation, whole or in pieces.
func TestReadDoesNotAllocate(t *testing.T) {
	for name, content := range map[string][]byte{"CRI": corpus(), "Docker": dockerCorpus(), "traces": []byte(strings.Join(traces(t), ""))} {
		t.Run(name, func(t *testing.T) {
			read := rereading(t, content, true)
			if n := read(); n < 60 {
				t.Fatalf("%d records of the corpus were read", n)
			}
			read()
			if n := testing.AllocsPerRun(20, func() { read() }); n != 0 {
				t.Errorf("%v allocations in a chunk of a thousand lines", n)
			}
		})
	}
}

// go test -bench BenchmarkRead ./internal/tail
func BenchmarkRead(b *testing.B) { benchmarkRead(b, corpus(), true) }

// The same where every line is a record.
//
// go test -bench BenchmarkReadOff ./internal/tail
func BenchmarkReadOff(b *testing.B) { benchmarkRead(b, corpus(), false) }

// go test -bench BenchmarkReadDocker ./internal/tail
func BenchmarkReadDocker(b *testing.B) { benchmarkRead(b, dockerCorpus(), true) }

func benchmarkRead(b *testing.B, content []byte, multiline bool) {
	read := rereading(b, content, multiline)
	lines := read()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		read()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

// The same without reading the file.
//
// go test -bench BenchmarkSplit ./internal/tail
func BenchmarkSplit(b *testing.B) {
	content := corpus()
	l := NewEngine(Options{Node: "node"}).Lane(0)
	c := &chain{lane: l, identity: "a"}
	r := l.newReading(&file{chain: c, target: Target{Decoder: Container}})
	r.src = &event.Source{}
	var batch event.Batch
	lines := 0
	for b.Loop() {
		batch.Reset(r.src)
		batch.Data = append(batch.Data, content...)
		r.split(&batch, chunk{})
		lines += len(batch.Records)
		l.unrecorded, r.changed = l.unrecorded[:0], false
	}
	b.SetBytes(int64(len(content)))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
}

// What a thousand idle files cost in a second, which must be less than 1 % of
// a core: 10 ms.
//
// go test -bench BenchmarkIdle ./internal/tail
func BenchmarkIdle(b *testing.B) {
	w := &world{dir: b.TempDir(), decoder: Plain, known: map[event.SourceID]frame.Source{}}
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("f%d.log", i)), []byte("x\n"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	e := NewEngine(Options{Providers: []Provider{w}, Node: "node"})
	b.Cleanup(e.closeAll)
	e.scan(context.Background(), "")
	var batch event.Batch
	for e.Lane(0).Read(&batch) {
	}
	now := time.Now().UnixNano()
	for b.Loop() {
		for range int64(time.Second / tick) {
			now += int64(tick)
			e.measure(now)
		}
	}
}
