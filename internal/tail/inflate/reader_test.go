package inflate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// text is content that compresses by half, and is nowhere like elsewhere.
func text(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, n)
	for i := range p {
		p[i] = "0123456789abcdef"[random.IntN(16)]
	}
	return p
}

func pack(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		z := gzip.NewWriter(&b)
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// readAt goes on until the position is reached, and counts the calls.
func readAt(t testing.TB, r *Reader, p []byte, off int64) (n, calls int) {
	t.Helper()
	for {
		calls++
		switch n, err := r.ReadAt(p, off); {
		case err == nil:
			return n, calls
		case err != ErrBehind:
			t.Fatal(err)
		}
	}
}

func open(packed []byte) *Reader {
	r := new(Reader)
	r.Reset(bytes.NewReader(packed))
	return r
}

// Wherever it is read, forwards, a little back or from far behind, the content
// is the same, over the borders of members too.
func TestReadsAtAnyPosition(t *testing.T) {
	content := text(1 << 20)
	r := open(pack(t, content[:300<<10], nil, content[300<<10:]))
	random := rand.New(rand.NewPCG(3, 4))
	p := make([]byte, 200<<10)
	off := int64(0)
	for range 40 {
		switch random.IntN(10) {
		case 0:
			off = random.Int64N(int64(len(content)) + 1000)
		case 1, 2, 3:
			off = max(0, off-random.Int64N(4000))
		default:
			off = min(off+random.Int64N(50<<10), int64(len(content)))
		}
		want := content[min(off, int64(len(content))):min(off+int64(random.IntN(len(p))), int64(len(content)))]
		n, _ := readAt(t, r, p[:len(want)], off)
		if !bytes.Equal(p[:n], want) {
			t.Fatalf("at %d: %d bytes differ from the %d that are there", off, n, len(want))
		}
	}
}

// What was read just now is read again without inflating anew.
func TestLooksBackWithoutInflatingAnew(t *testing.T) {
	content := text(800 << 10)
	r := open(pack(t, content))
	p := make([]byte, 256<<10)
	for _, size := range []int{48 << 10, 256 << 10, 48 << 10} {
		for off := int64(200 << 10); off < 500<<10; off += int64(size) / 3 {
			readAt(t, r, p[:size], off)
			if taken := r.Taken(); r.base > off-before && off > before {
				t.Fatalf("after %d bytes at %d only what is behind %d is held (taken %d)", size, off, r.base, taken)
			}
		}
	}
}

// A call inflates no more than a bounded piece, and the window stays small
// whatever the content is.
func TestBombIsInflatedInPieces(t *testing.T) {
	const size = 8 << 20
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.CopyN(z, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if ratio := size / b.Len(); ratio < 1000 {
		t.Fatalf("the bomb is compressed 1:%d only", ratio)
	}
	r := open(b.Bytes())
	p := make([]byte, 1000)
	if n, calls := readAt(t, r, p, size-500); n != 500 || calls < size/PerCall {
		t.Errorf("%d bytes after %d calls, want 500 after %d at least", n, calls, size/PerCall)
	}
	if cap(r.window) > 2*keep {
		t.Errorf("the window has %d bytes", cap(r.window))
	}
	if n, err, ok := r.End(); n != size || err != nil || !ok {
		t.Errorf("ends at %d: %v, %v", n, err, ok)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Members without content are passed a bounded number at a time.
func TestManyEmptyMembersArePassedInPieces(t *testing.T) {
	const members = 3 * membersPerCall
	r := open(append(bytes.Repeat(pack(t, nil), members), pack(t, []byte("end"))...))
	p := make([]byte, 10)
	if n, calls := readAt(t, r, p, 0); string(p[:n]) != "end" || calls < 3 {
		t.Errorf("%q after %d calls", p[:n], calls)
	}
}

// A file that is cut off anywhere gives what it has, and says that it is cut.
func TestCutOffAnywhere(t *testing.T) {
	content := text(2 << 10)
	packed := pack(t, content[:1<<10], content[1<<10:])
	whole := len(pack(t, content[:1<<10]))
	p := make([]byte, len(content))
	for cut := 0; cut < len(packed); cut++ {
		r := open(packed[:cut])
		n, _ := readAt(t, r, p, 0)
		size, damage, ended := r.End()
		if !ended || int(size) != n || !bytes.Equal(p[:n], content[:n]) {
			t.Fatalf("cut at %d: %d bytes, ends %v at %d", cut, n, ended, size)
		}
		if cut != whole && !errors.Is(damage, io.ErrUnexpectedEOF) || cut == whole && damage != nil {
			t.Fatalf("cut at %d: %v", cut, damage)
		}
	}
}

// No byte that is turned over does worse than to end the content early.
func TestDamagedAnywhere(t *testing.T) {
	content := text(1 << 10)
	packed := pack(t, content)
	p := make([]byte, 64<<10)
	for at := range packed {
		broken := bytes.Clone(packed)
		broken[at] ^= 0x55
		r := open(broken)
		readAt(t, r, p, 0)
		if _, damage, ended := r.End(); !ended || damage == nil && at >= 10 {
			t.Errorf("byte %d: ended %v, damage %v", at, ended, damage)
		}
	}
}

// A disk that fails is no damage: the same call succeeds when it works again.
func TestFailingDiskIsNoDamage(t *testing.T) {
	content := text(100 << 10)
	disk := &failing{Reader: bytes.NewReader(pack(t, content))}
	r := new(Reader)
	r.Reset(disk)
	p := make([]byte, 1<<20)
	disk.err = errors.New("input/output error")
	if _, err := r.ReadAt(p, 0); err != disk.err {
		t.Fatalf("got %v, want %v", err, disk.err)
	}
	disk.err = nil
	if n, _ := readAt(t, r, p, 0); !bytes.Equal(p[:n], content) {
		t.Errorf("%d bytes differ", n)
	}
}

type failing struct {
	*bytes.Reader
	err error
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, off)
}

// go test -fuzz FuzzReadAt ./internal/tail/inflate
func FuzzReadAt(f *testing.F) {
	f.Add(pack(f, text(1000)), int64(10))
	f.Add(pack(f, nil, []byte("x")), int64(0))
	f.Add([]byte("\x1f\x8b\x08\x1f"), int64(0))
	f.Fuzz(func(t *testing.T, packed []byte, off int64) {
		r := open(packed)
		p := make([]byte, 100)
		for range 3 {
			if _, err := r.ReadAt(p, off&0xffff); err != nil && err != ErrBehind {
				t.Fatal(err)
			}
		}
		if cap(r.window) > 4*keep {
			t.Fatalf("the window has %d bytes", cap(r.window))
		}
	})
}
