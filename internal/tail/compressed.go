package tail

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/internal/tail/inflate"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// suffix is what gzip appends to the name of what it has compressed.
const suffix = ".gz"

const (
	// compressedChunk is how much of a compressed file's content is read in a
	// turn: what an inflate.Reader keeps in memory depends on it.
	compressedChunk = 48 << 10
	// patience is for how long a compressed file that is cut off may not grow
	// before it counts as damaged, ns.
	patience = int64(time.Minute)
	// maxRatio is the most that deflate can compress (RFC 1951: 258 bytes in
	// two bits).
	maxRatio = 1032
)

// errUndecided says that it cannot be told yet which content a compressed file
// has, since it is still being written.
var errUndecided = errors.New("the compressed file is not complete")

// compressed is what is known of a file whose content is compressed. It is the
// lane's. Offsets, and the file's size, are those of the content.
type compressed struct {
	// announced is the size that the file's last bytes say, -1 until they are
	// read.
	announced int64
	// head is what the content begins with behind a hole, tails the hashes of
	// what is before positions that were asked for.
	hole  int64
	head  []byte
	tails map[int64]proof

	// ended says that the end was reached, at size; damage is what is wrong
	// there. taken is how much of the file that was.
	ended       bool
	size, taken int64
	damage      error

	// A file that is cut off may still be written: stored is its size at the
	// last look, changedAt when it changed, retryAt when it is read again.
	stored             int64
	changedAt, retryAt int64
	retryAfter         int64
	givenUp            bool
}

// proof is the hash of what is before a position; absent when the content is
// too short.
type proof struct {
	hash    uint64
	present bool
}

// announce reads the size that the file says its content has (RFC 1952, section
// 2.3.1: ISIZE, modulo 2^32, of the last member). It is a hint.
func (z *compressed) announce(f *file) error {
	if z.announced >= 0 {
		return nil
	}
	var isize [4]byte
	stored := f.stored()
	n, err := f.pread(isize[:], max(0, stored-int64(len(isize))))
	if err != nil {
		return err
	}
	z.announced = 0
	if n == len(isize) {
		z.announced = min(int64(binary.LittleEndian.Uint32(isize[:])), stored*maxRatio)
	}
	f.size.Store(z.announced)
	return nil
}

// ahead is how much of the content there is behind a position: one byte more
// than is known, while its end is not.
func (z *compressed) ahead(r *reading) int64 {
	if z.ended {
		return z.size - r.offset
	}
	return int64(r.pending) + 1
}

// isCut says that the file ends too early and may still be written.
func (z *compressed) isCut() bool {
	return z.ended && !z.givenUp && errors.Is(z.damage, io.ErrUnexpectedEOF)
}

// again forgets what the file looked like when it was cut off.
func (z *compressed) again() {
	z.announced, z.ended, z.damage = -1, false, nil
	z.hole, z.head, z.tails = 0, nil, nil
}

// readAt reads a piece of a file's content.
func (l *Lane) readAt(f *file, p []byte, offset int64) (int, error) {
	if f.compressed == nil {
		return f.pread(p, offset)
	}
	return l.inflate(f, p, offset)
}

func (l *Lane) inflate(f *file, p []byte, offset int64) (int, error) {
	z := f.compressed
	if z.ended && offset >= z.size {
		return 0, nil
	}
	in, err := l.inflaterOf(f)
	if err != nil {
		return 0, err
	}
	n, err := in.ReadAt(p, offset)
	if err != nil {
		return 0, err
	}
	if z.size, z.damage, z.ended = in.End(); z.ended {
		z.taken = in.Taken()
		f.size.Store(z.size)
	} else if in.Inflated() >= f.size.Load() {
		f.size.Store(in.Inflated() + 1)
	}
	l.share(f.chain, n)
	return n, nil
}

// ReadAt reads the file as it is stored, as an io.ReaderAt.
func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.pread(p, offset)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// inflatedHead is the head of a compressed file, read once.
func (l *Lane) inflatedHead(f *file) ([]byte, error) {
	z := f.compressed
	if err := z.announce(f); err != nil {
		return nil, err
	}
	if z.head == nil {
		if err := l.inflateHole(f); err != nil {
			return nil, err
		}
		n, err := l.inflate(f, l.scratch[:headSize+1], z.hole)
		if err != nil {
			return nil, err
		}
		z.head = bytes.Clone(l.scratch[:n])
	}
	head := cutHead(z.head, z.ended)
	if z.isCut() && len(z.head) <= headSize && bytes.IndexByte(z.head, '\n') < 0 {
		return nil, errUndecided
	}
	return head, nil
}

// inflateHole goes over NULs at the beginning, which the file that was compressed
// had no bytes for.
func (l *Lane) inflateHole(f *file) error {
	z := f.compressed
	for range inflate.PerCall / len(l.scratch) {
		n, err := l.inflate(f, l.scratch[:], z.hole)
		if err != nil {
			return err
		}
		nuls := n - len(bytes.TrimLeft(l.scratch[:n], "\x00"))
		z.hole += int64(nuls)
		if nuls < n || n == 0 {
			return nil
		}
	}
	return inflate.ErrBehind
}

// inflatedTail is the hash of the last bytes before a position of a compressed
// file.
func (r *reading) inflatedTail(offset int64) (proof, error) {
	z := r.file.compressed
	if p, ok := z.tails[offset]; ok {
		return p, nil
	}
	n := int(min(offset, tailSize))
	p := r.lane.scratch[:n]
	got, err := r.lane.inflate(r.file, p, offset-int64(n))
	if err != nil {
		return proof{}, err
	}
	if z.tails == nil {
		z.tails = make(map[int64]proof)
	}
	z.tails[offset] = proof{xxh3.Hash(p), got == n}
	return z.tails[offset], nil
}

// continuesInflated is continues for a compressed file. What cannot be read
// for damage is taken for the content that begins like it: reading that once
// more would repeat all its lines.
func (r *reading) continuesInflated(s *frame.Source) (bool, error) {
	z := r.file.compressed
	if r.wasReadToEnd(s) {
		z.ended, z.size = true, s.Offset
		r.file.size.Store(s.Offset)
		return true, nil
	}
	tail, err := r.inflatedTail(s.Offset)
	switch {
	case err != nil:
		return false, err
	case tail.present:
		return tail.hash == s.Tail, nil
	case z.isCut():
		return false, errUndecided
	}
	return z.damage != nil, nil
}

// wasReadToEnd says that this very file was read to its end before. Otherwise
// every start would inflate everything that was ever compressed.
func (r *reading) wasReadToEnd(s *frame.Source) bool {
	f := r.file
	return s.Dev == f.dev && s.Ino == f.ino && s.Path == *f.path.Load() && s.Size == s.Offset &&
		f.compressed.announced == s.Offset
}

// isBeingRead says whether a compressed file has a content that is being read
// from the file that it was made of.
func (f *family) isBeingRead(r *reading, head [16]byte) (bool, error) {
	for _, k := range f.known {
		if !k.inUse() || k.Identity.Head != head {
			continue
		}
		s := k.Source
		if k.by != nil {
			s.Offset, s.Tail = k.by.offset, k.by.tail
		}
		if ok, err := r.continuesInflated(&s); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// inUse says whether a content is being read, or was, and has the beginning of
// a record that goes on in a newer file.
func (k *known) inUse() bool { return k.by != nil || k.met && k.firstOpen() < k.Offset }

// candidates are those of some contents that a file may have, for a compressed one
// in the order in which it is read.
func (r *reading) candidates(among []*known) []*known {
	if r.file.compressed == nil {
		return among
	}
	free := slices.DeleteFunc(slices.Clone(among), (*known).inUse)
	slices.SortStableFunc(free, func(a, b *known) int { return cmp.Compare(a.Offset, b.Offset) })
	return free
}

// isCompressionOf says whether a path is that of a compressed file, and of
// what.
func isCompressionOf(path, of string) bool {
	plain, ok := strings.CutSuffix(path, suffix)
	return ok && plain == of
}

// isLeftOut says whether a content that nobody knows is not read, for where
// reading starts. It is final, so nothing of it will be.
func (r *reading) isLeftOut() bool {
	start := &r.file.target.Start
	if r.file.compressed == nil || !r.file.initial {
		return false
	}
	return start.End ||
		!start.Since.IsZero() && r.file.target.Decoder == Plain && r.file.modified < start.Since.UnixNano()
}
