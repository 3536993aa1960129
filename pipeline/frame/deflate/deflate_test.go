package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

func noMemory() []byte { return nil }

// check inflates packed with every decoder at hand.
func check(t testing.TB, packed, want []byte, crc uint32) {
	t.Helper()
	if got := crc32.ChecksumIEEE(want); got != crc {
		t.Fatalf("CRC-32 %08x, want %08x", crc, got)
	}
	for name, r := range map[string]io.Reader{
		"compress/flate":  flate.NewReader(bytes.NewReader(packed)),
		"klauspost flate": kflate.NewReader(bytes.NewReader(packed)),
	} {
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v after %d of %d bytes", name, err, len(got), len(want))
		}
		if !bytes.Equal(got, want) {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Fatalf("%s: %d bytes, want %d; the first difference is at %d", name, len(got), len(want), at)
		}
	}
}

// tape writes to a Writer and remembers what.
type tape struct {
	w     *Writer
	plain []byte
}

func (t *tape) lit(p []byte)   { t.w.Lit(p); t.plain = append(t.plain, p...) }
func (t *tape) litX(p []byte)  { t.w.LitX(p); t.plain = append(t.plain, p...) }
func (t *tape) text(p []byte)  { t.w.Var(p); t.plain = append(t.plain, p...) }
func (t *tape) chunk(c *Chunk) { t.w.Const(c); t.plain = append(t.plain, c.bytes...) }

func (t *tape) close(tb testing.TB) []byte {
	tb.Helper()
	if t.w.Size() != len(t.plain) {
		tb.Fatalf("Size is %d after %d bytes", t.w.Size(), len(t.plain))
	}
	packed, crc := t.w.Close()
	check(tb, packed, t.plain, crc)
	t.plain = t.plain[:0]
	return packed
}

func TestStreams(t *testing.T) {
	random := make([]byte, 200_000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	tp := &tape{w: NewWriter(noMemory)}
	for name, plain := range map[string][]byte{
		"nothing":         nil,
		"one byte":        {'x'},
		"two bytes":       {'x', 'x'},
		"one byte often":  bytes.Repeat([]byte{'x'}, 300_000),
		"zeros":           make([]byte, 100_000),
		"text":            []byte(strings.Repeat(`{"level":"INFO","msg":"hello"}`, 3000)),
		"random":          random,
		"random repeated": bytes.Repeat(random[:40_000], 4),
		"near the window": bytes.Repeat(random[:window-1], 3),
		"the window":      bytes.Repeat(random[:window], 3),
		"past the window": bytes.Repeat(random[:window+1], 3),
		"one step":        random[:step],
		"not ASCII":       []byte(strings.Repeat("日本語のログ: é ✓\n", 5000)),
	} {
		t.Run(name, func(t *testing.T) {
			tp.text(plain)
			packed := tp.close(t)
			if len(packed) > len(plain)+len(plain)/8+64 {
				t.Errorf("%d bytes became %d", len(plain), len(packed))
			}
		})
	}
}

// Every length and distance that deflate has is written right.
func TestEveryLengthAndDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	noise := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return p
	}
	tp := &tape{w: NewWriter(noMemory)}
	for length := probeSize; length < 700; length++ {
		c := NewChunk(noise(length))
		tp.chunk(c)
		tp.lit(noise(1 + length%5))
		tp.chunk(c)
	}
	tp.close(t)
	for distance := probeSize; distance <= window+10; distance += 1 + distance/50 {
		c := NewChunk(noise(probeSize))
		tp.chunk(c)
		tp.lit(noise(distance - probeSize))
		tp.chunk(c)
		tp.close(t)
	}
}

// A new stream may not refer to the one before it.
// However full the history is when a stream ends or goes on, there is room
// behind it: as much as pieces can make of it is never reached.
func TestHistoryHasRoomBehindIt(t *testing.T) {
	text := make([]byte, histSize)
	for i := range text {
		text[i] = byte(i*i>>9) & 15
	}
	for short := range mostWaits / piece {
		for more := range 2 * len(tail) {
			for _, further := range []int{0, 2 * step} {
				w := &tape{w: NewWriter(noMemory)}
				for len(w.plain) < histSize-(short+1)*piece {
					w.text(text[:piece])
				}
				for range short + 1 {
					w.text(text[:piece-1])
				}
				w.text(text[:short+1+more])
				w.text(text[:further])
				if len(w.w.hist) > histSize {
					t.Fatalf("the history has %d bytes, of %d at most", len(w.w.hist), histSize)
				}
				w.close(t)
			}
		}
	}
}

func TestStreamsStandAlone(t *testing.T) {
	tp := &tape{w: NewWriter(noMemory)}
	c := NewChunk([]byte("a chunk that all streams have, and that is long"))
	for i := range 50 {
		for range i * 40 {
			tp.chunk(c)
			tp.text([]byte("text that all streams have\n"))
			tp.litX([]byte("2026-03-05"))
		}
		tp.close(t)
	}
}

func TestPositionsMayWrapAround(t *testing.T) {
	tp := &tape{w: NewWriter(noMemory)}
	tp.w.base = 1<<32 - 100_000
	for range 20 {
		tp.text([]byte(strings.Repeat(`{"a":"some text","b":"other text"}`+"\n", 500)))
	}
	tp.close(t)
}

// TestRandomOperations is the test against silent corruption: sequences of
// all operations with binary and text, odd sizes, chunks up to 20 KB and
// streams of 0 to 400 KB.
func TestRandomOperations(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	w := NewWriter(noMemory)
	for seed := range rounds {
		operate(t, w, rand.New(rand.NewPCG(uint64(seed), 3)), 1<<(seed%20))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// operate writes about size bytes by random operations and checks them.
func operate(t testing.TB, w *Writer, r *rand.Rand, size int) {
	t.Helper()
	tp := &tape{w: w}
	var chunks []*Chunk
	for range 1 + r.IntN(12) {
		chunks = append(chunks, NewChunk(piecesOf(r, 1<<r.IntN(15)+r.IntN(9))))
	}
	for len(tp.plain) < size {
		n := r.IntN(1 << r.IntN(15))
		switch r.IntN(7) {
		case 0:
			tp.lit(piecesOf(r, n))
		case 1:
			tp.litX(piecesOf(r, n))
		case 2, 3:
			tp.chunk(chunks[r.IntN(len(chunks))])
		case 4:
			tp.text(piecesOf(r, n))
		default:
			// What was there before, perhaps a little changed.
			if len(tp.plain) > 0 {
				at := r.IntN(len(tp.plain))
				p := bytes.Clone(tp.plain[at:min(at+n, len(tp.plain))])
				if len(p) > 0 && r.IntN(2) == 0 {
					p[r.IntN(len(p))] ^= 1
				}
				[]func([]byte){tp.text, tp.litX, tp.lit}[r.IntN(3)](p)
			}
		}
	}
	tp.close(t)
}

// piecesOf is text or noise of n bytes.
func piecesOf(r *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+32)
	kind := r.IntN(4)
	for len(p) < n {
		switch kind {
		case 0:
			p = append(p, byte(r.Uint32()))
		case 1:
			p = fmt.Appendf(p, `"key%d":"value %d",`, r.IntN(20), r.IntN(1000))
		case 2:
			p = append(p, "0123456789abcdef"[r.IntN(16)])
		default:
			p = append(p, " \"{x"[r.IntN(4)])
		}
	}
	return p[:n]
}

func FuzzOperations(f *testing.F) {
	f.Add(uint64(1), uint32(100_000), []byte("seed"))
	w := NewWriter(noMemory)
	f.Fuzz(func(t *testing.T, seed uint64, size uint32, text []byte) {
		tp := &tape{w: w}
		tp.text(text)
		tp.litX(text)
		tp.chunk(NewChunk(text))
		tp.close(t)
		operate(t, w, rand.New(rand.NewPCG(seed, 4)), int(size%400_000))
	})
}

func TestOtherDecodersReadIt(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here, whose zlib is another decoder")
	}
	for seed := range 20 {
		tp := &tape{w: NewWriter(noMemory)}
		r := rand.New(rand.NewPCG(uint64(seed), 9))
		for len(tp.plain) < 1<<(seed%20) {
			tp.text(piecesOf(r, 1+r.IntN(5000)))
			tp.litX(piecesOf(r, 1+r.IntN(50)))
		}
		plain := bytes.Clone(tp.plain)
		packed := tp.close(t)
		cmd := exec.Command(python, "-c", "import sys,zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), -15))")
		cmd.Stdin = bytes.NewReader(packed)
		if got, err := cmd.Output(); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("seed %d: %v, %d bytes of %d", seed, err, len(got), len(plain))
		}
	}
}

func TestCodesAreCompleteAndShortEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var b builder
	for range 2000 {
		counts := make([]uint32, 2+r.IntN(maxSymbols-1))
		for i := range counts {
			counts[i] = uint32(1) << r.IntN(25)
			if r.IntN(3) == 0 {
				counts[i] = 0
			}
		}
		counts[0], counts[1] = 1, 1
		limit := 7 + r.IntN(9)
		if len(counts) > 1<<limit {
			continue
		}
		sizes := make([]uint8, len(counts))
		b.lengths(counts, limit, sizes)
		room := 0
		for i, n := range sizes {
			if (n == 0) != (counts[i] == 0) || int(n) > limit {
				t.Fatalf("symbol %d, counted %d, has %d bits of %d", i, counts[i], n, limit)
			}
			if n > 0 {
				room += 1 << (limit - int(n))
			}
		}
		if room != 1<<limit {
			t.Fatalf("the code is not complete: %d of %d", room, 1<<limit)
		}
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	out := make([]byte, 0, 1<<20)
	w := NewWriter(func() []byte { return out })
	c := NewChunk(bytes.Repeat([]byte("constant "), 30))
	stream := func() {
		for range 300 {
			w.Const(c)
			w.Var([]byte(`"key":"value","other":12}`))
		}
		w.Close()
	}
	stream()
	if n := testing.AllocsPerRun(50, stream); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
