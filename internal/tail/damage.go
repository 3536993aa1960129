package tail

import (
	"errors"
	"io"
	"strings"

	"github.com/tailrace/tailrace/pipeline/event"
)

// mayGrow deals with a compressed file that is cut off: it is read anew while
// it grows, and then given up.
func (l *Lane) mayGrow(r *reading) bool {
	z := r.file.compressed
	if z == nil || !z.isCut() {
		return false
	}
	l.letInflater(r.file)
	if stored := r.file.stored(); stored != z.stored || z.changedAt == 0 {
		z.stored, z.changedAt = stored, r.observed
	}
	switch {
	case z.stored > z.taken && r.observed >= z.retryAt:
		z.again()
		z.retryAt, z.retryAfter = r.observed+z.retryAfter, 2*z.retryAfter
		l.enqueue(r.file.chain)
	case r.observed-z.changedAt >= patience:
		z.givenUp = true
		z.hole, z.head, z.tails = 0, nil, nil
		l.enqueue(r.file.chain)
	case z.stored > z.taken:
		r.file.wake(z.retryAt)
	default:
		r.file.wake(z.changedAt + patience)
	}
	return true
}

// stored is how large the file is on the disk.
func (f *file) stored() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A file that cannot be measured any more keeps its last size.
	_ = f.measure()
	return f.last
}

// Damaged is how many compressed files were found not to be whole since the
// start.
func (e *Engine) Damaged() int64 { return e.damaged.Load() }

// sayDamage accounts for what cannot be read of a compressed file.
func (l *Lane) sayDamage(r *reading) {
	z := r.file.compressed
	if z == nil || z.damage == nil {
		return
	}
	l.engine.damaged.Add(1)
	lost := int64(0)
	if r.src != nil {
		lost = r.missing()
		r.src.Counts.LostBytes += uint64(lost)
		r.file.size.Store(r.offset)
	}
	l.engine.opts.Logger.Warn("a compressed log file is damaged; what can be read of it is read, the rest is lost",
		"path", quote(*r.file.path.Load()), "error", z.damage, "read_bytes", r.offset, "lost_bytes", lost)
}

// missing is how much of a damaged content is known to be behind its end: what
// the plain file had, or what the compressed one says, unless that is cut off.
// What was accounted for before the start is not counted again.
func (r *reading) missing() int64 {
	k, size := &r.known.Source, int64(0)
	if !strings.HasSuffix(k.Path, suffix) {
		size = k.Size
	} else if k.Size == k.Offset {
		return 0
	}
	if z := r.file.compressed; !errors.Is(z.damage, io.ErrUnexpectedEOF) {
		size = max(size, z.announced)
	}
	return max(0, size-r.offset)
}

// failInflated ends the reading of a compressed file in which the position
// cannot be reached.
func (l *Lane) failInflated(r *reading, b *event.Batch) bool {
	z := r.file.compressed
	if z.damage == nil {
		z.damage = errReplaced
	}
	z.ended, z.size = true, r.offset
	r.pending = 0
	return l.finish(r, b)
}
