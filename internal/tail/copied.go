package tail

import (
	"bytes"
	"errors"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Rotation by copy and truncate (logrotate's copytruncate) makes a copy of the
// live file under a rotated name and truncates the live one. The copy has the
// same content: until then there is nothing in it to read, and afterwards only
// what had not been read of the live file.

// errCopy says that a file is a copy of one that is being read.
var errCopy = errors.New("the file is a copy of one that is being read")

// checkCopy returns errCopy for such a file. It returns the content of one that
// is shorter than what was read before the original was truncated, and closes
// one whose original was read to its end.
func (l *Lane) checkCopy(r *reading, head [16]byte) (*known, error) {
	if r.file.target.Order == Live || r.file.compressed != nil || r.generation > 0 {
		return nil, nil
	}
	size := r.file.size.Load()
	for _, k := range slices.Backward(r.file.chain.truncated) {
		if k.Identity.Head == head && size < k.Offset && r.file.chain.isLive(k) {
			return k, r.shorten(k, size)
		}
	}
	if k := r.original; k != nil && k.by != nil {
		return nil, errCopy
	} else if k != nil && size <= k.Offset {
		l.close(r)
		return nil, nil
	}
	return nil, l.findOriginal(r, head)
}

// isLive says whether a content was in the file that has the chain's own name.
// One that was renamed away was not copied, and what begins like it is another;
// of one that is deleted nobody knows whether it was.
func (c *chain) isLive(k *known) bool {
	return slices.ContainsFunc(c.current(), func(f *file) bool {
		return f.dev == k.Dev && f.ino == k.Ino && f.live.Load() && !f.unlinked.Load()
	})
}

// shorten puts the position of a content that was truncated to the end of its
// copy, where a restart recognises it: what was read beyond is nowhere else.
func (r *reading) shorten(k *known, size int64) error {
	n := int(min(size, tailSize))
	p := r.lane.scratch[:n]
	if _, err := r.file.pread(p, size-int64(n)); err != nil {
		return err
	}
	k.Offset, k.Tail = size, xxh3.Hash(p)
	return nil
}

// findOriginal returns errCopy when the file is a copy of the live one, or of one
// that was live and has been renamed since.
func (l *Lane) findOriginal(r *reading, head [16]byte) error {
	files := r.file.chain.current()
	for _, f := range files[slices.Index(files, r.file)+1:] {
		other := f.reading
		if other == nil || other.src == nil || other.closed || other.known.Identity.Head != head {
			continue
		}
		same, err := r.copies(other)
		if err != nil {
			return err
		}
		if same {
			r.original = other.known
			return errCopy
		}
	}
	return nil
}

// mayCopy says whether the file can be a copy of a content that was truncated.
func (r *reading) mayCopy(k *known) bool {
	return r.file.target.Order != Live && slices.Contains(r.file.chain.truncated, k)
}

// isLive says whether a content is being read from the file with the chain's
// own name.
func (r *reading) isLive() bool {
	return r.src != nil && !r.closed && r.file.live.Load()
}

// copies says whether the file has the content of another that is being read,
// as far as it goes: a copy may be in the making.
func (r *reading) copies(live *reading) (bool, error) {
	if err := live.file.remeasure(); err != nil {
		return false, err
	}
	intact, err := live.continues(live.position())
	size := r.file.size.Load()
	switch {
	case err != nil:
		return false, err
	case !live.isLive() && intact:
		// It was renamed, and is what it was.
		return false, nil
	case !live.isLive():
		// It was copied, truncated and renamed then.
		return r.continues(live.position())
	case size >= live.offset && (!intact || size <= live.file.size.Load()):
		return r.continues(live.position())
	case intact:
		return r.endsLike(live)
	}
	// With the original truncated there is nothing to compare it with.
	return true, nil
}

// position is what proves how far a content was read.
func (r *reading) position() *frame.Source { return &frame.Source{Offset: r.offset, Tail: r.tail} }

// endsLike compares the end of the file with the same place in another.
func (r *reading) endsLike(other *reading) (bool, error) {
	size := r.file.size.Load()
	n := int(min(size, tailSize))
	mine, theirs := r.lane.scratch[:n], r.lane.scratch[tailSize:][:n]
	if got, err := r.file.pread(mine, size-int64(n)); err != nil || got < n {
		return false, err
	}
	got, err := other.file.pread(theirs, size-int64(n))
	return got == n && bytes.Equal(mine, theirs), err
}

// stepAside lets newer files be read before a copy.
func (l *Lane) stepAside(r *reading) {
	l.letInflater(r.file)
	if !r.left {
		r.putBeside()
	}
	r.file.setState(StateWaiting)
	r.file.wake(r.observed + retryAfter)
}

// lessCopied is what is lost of a truncated content, without what is in a copy
// of it.
func (l *Lane) lessCopied(r *reading, lost int64) int64 {
	return max(0, lost-max(0, l.copiedTo(r)-r.offset))
}

// copiedTo is how far the content of a file that was truncated is in a copy. Of a
// copy that was given up nothing will be read.
func (l *Lane) copiedTo(r *reading) int64 {
	for _, f := range r.file.chain.current() {
		if f == r.file || f.abandoned.Load() || f.target.Order == Live || f.reading != nil && f.reading.src != nil {
			continue
		}
		other := &reading{lane: l, file: f}
		head, err := l.head(other, true)
		if err != nil || xxh3.Hash128(head).Bytes() != r.known.Identity.Head {
			continue
		}
		if same, err := other.continues(r.position()); same && err == nil {
			return f.size.Load()
		}
	}
	return 0
}

// maxTruncated bounds how many truncated contents of a chain are remembered: it
// may be truncated more than once between two looks for copies.
const maxTruncated = 4

// truncate remembers a content that was truncated: a copy of it may be read yet.
func (l *Lane) truncate(r *reading) {
	if r.src == nil {
		return
	}
	c := r.file.chain
	if len(c.truncated) == maxTruncated {
		l.forget(absence{identity: c.identity, id: c.truncated[0].ID})
		c.truncated = slices.Delete(c.truncated, 0, 1)
	}
	c.truncated = append(c.truncated, r.known)
}
