package tail

import (
	"errors"
	"slices"

	"github.com/tailrace/tailrace/internal/tail/inflate"
)

const (
	// maxInflaters bounds the compressed files that a lane has open half-way:
	// each takes some 200 KiB.
	maxInflaters = 8
	// inflaterLease is how much content a chain may read before it lets others
	// read that are waiting.
	inflaterLease = 64 << 20
)

// errQueued says that too many compressed files are being read.
var errQueued = errors.New("other compressed files are read first")

// inflating is a chain's use of one of the lane's inflaters.
type inflating struct {
	*inflate.Reader
	file *file
	// used is how much was read with it.
	used int64
}

// inflaterOf gives a file its chain's inflater: the files of a chain are read
// one after the other.
func (l *Lane) inflaterOf(f *file) (*inflate.Reader, error) {
	c := f.chain
	if c.inflating == nil {
		if l.inflaters >= maxInflaters {
			if !slices.Contains(l.queued, c) {
				l.queued = append(l.queued, c)
			}
			return nil, errQueued
		}
		l.inflaters++
		c.inflating = &inflating{Reader: new(inflate.Reader)}
	}
	if c.inflating.file != f {
		c.inflating.file = f
		c.inflating.Reset(f)
	}
	return c.inflating.Reader, nil
}

// letInflater gives the inflater back that a file was read with.
func (l *Lane) letInflater(f *file) {
	c := f.chain
	if c.inflating == nil || c.inflating.file != f {
		return
	}
	c.inflating = nil
	l.inflaters--
	for _, waiting := range l.queued {
		l.enqueue(waiting)
	}
	clear(l.queued)
	l.queued = l.queued[:0]
}

// share ends a chain's lease when others are waiting. It has to inflate anew
// up to its position then, which costs large files only.
func (l *Lane) share(c *chain, n int) {
	c.inflating.used += int64(n)
	if c.inflating.used >= inflaterLease && len(l.queued) > 0 {
		l.letInflater(c.inflating.file)
	}
}
