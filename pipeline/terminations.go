package pipeline

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/kubernetes"
)

// ends is who tells of the ends of containers' lives; it is a *kubernetes.Pods.
type ends interface {
	Terminations() []kubernetes.Termination
	Ended() <-chan struct{}
}

// verdict says whether an end is told of.
type verdict uint8

const (
	never verdict = iota
	// later is while something is not known of its source.
	later
	now
)

// recorded is what the journal knows; it is a *checkpoint.Store.
type recorded interface {
	Find(pathIdentity string) []frame.Source
	Entries() []frame.Source
	Present(id event.SourceID, present bool)
}

// terminations is a Reader of the ends of containers' lives. What is told of one
// container is a source, whose offset is the number of the life that is to be
// told of next. So the frame that has a record says that it does, and the same
// fsync makes both durable: no record comes twice, whenever the agent ends.
type terminations struct {
	ends      ends
	positions recorded
	// source describes the log of a life, and says whether its end is told of.
	source func(t *kubernetes.Termination) (event.Source, verdict)
	node   string
	// lost says that the journal may have had records that it does not know of,
	// behind that those of before the start may have been delivered.
	lost, behind bool
	start        time.Time
	// onOpen and onClose tell the lane's processors and encoder of a source.
	onOpen, onClose func(*event.Source)

	// queue has what is to be looked at, stale says that there is more.
	queue []kubernetes.Termination
	stale bool
	// told is by path identity.
	told map[string]*told
	// open is the source of the last batch, of what openOf tells.
	open   *event.Source
	openOf *told
	// held says that some of them could not be told of yet.
	held bool
	// count is how many records were made.
	count atomic.Uint64
}

// told is how far the ends of a container's lives are in the journal.
type told struct {
	frame.Source
	// known says that the journal knows of it, changed that an open frame of the
	// class has what it does not know yet.
	known, changed bool
	class          string
	// seen is set while the API server knows of an end.
	seen bool
}

// begin takes over what the journal knows.
func (r *terminations) begin() *terminations {
	r.stale, r.told = true, make(map[string]*told)
	for _, s := range r.positions.Entries() {
		if !s.Identity.OfFile() {
			r.told[s.Identity.Path] = toldBefore(s)
		}
	}
	return r
}

// toldBefore is what the journal knows. Its counts are in the journal.
func toldBefore(s frame.Source) *told {
	s.Counts = event.Counts{}
	return &told{Source: s, known: true}
}

// Read makes a record of one end that the journal does not have.
func (r *terminations) Read(b *event.Batch) bool {
	r.close()
	if len(r.queue) == 0 && r.stale {
		r.look()
	}
	for len(r.queue) > 0 {
		t := r.queue[0]
		r.queue = r.queue[1:]
		if r.tell(&t, b) {
			return true
		}
	}
	return false
}

// look takes what the API server tells of now, and lets go of what it does not
// any more.
func (r *terminations) look() {
	r.queue, r.stale, r.held = r.ends.Terminations(), false, false
	for _, s := range r.told {
		s.seen = false
	}
	for i := range r.queue {
		s := r.of(&r.queue[i])
		s.seen = true
		r.positions.Present(s.ID, true)
	}
	for path, s := range r.told {
		if !s.seen && !s.changed && r.isDurable(s) {
			r.positions.Present(s.ID, false)
			delete(r.told, path)
		}
	}
}

// of is the state of the source that tells of a container.
func (r *terminations) of(t *kubernetes.Termination) *told {
	i := event.Identity{Path: event.TerminationsOf(t.Of())}
	if s := r.told[i.Path]; s != nil {
		return s
	}
	s := &told{Source: frame.Source{ID: i.IDOn(r.node), Identity: i, Namespace: t.Namespace}}
	if found := r.positions.Find(i.Path); len(found) > 0 {
		s = toldBefore(found[0])
	}
	r.told[i.Path] = s
	return s
}

// isDurable says whether the journal has all that was told of.
func (r *terminations) isDurable(s *told) bool {
	found := r.positions.Find(s.Identity.Path)
	return s.Offset == 0 || len(found) > 0 && found[0].Offset >= s.Offset
}

// tell makes a batch of one end, unless the journal has it, or it is too early.
func (r *terminations) tell(t *kubernetes.Termination, b *event.Batch) bool {
	s := r.of(t)
	if int64(t.Restart) < s.Offset {
		return false
	}
	src, when := r.source(t)
	if when == never {
		return false
	}
	src.ID, src.Identity = s.ID, s.Identity
	src.MaybeSeen = r.lost && !s.known || r.behind && t.Finished < r.start.Unix()
	// A frame of another class must not say that this one's records are durable.
	if when == later || s.changed && s.class != src.Class {
		r.held = true
		return false
	}
	r.open, r.openOf = &src, s
	r.onOpen(r.open)
	b.Reset(r.open)
	t.Append(b, time.Now())
	r.count.Add(1)
	src.Counts.Lines++
	s.Offset = int64(t.Restart) + 1
	s.Size, s.changed, s.class = s.Offset, true, src.Class
	return true
}

// close ends the source of the last batch.
func (r *terminations) close() {
	if r.open == nil {
		return
	}
	r.settle()
	r.onClose(r.open)
	r.open, r.openOf = nil, nil
}

// settle takes over what became of the last batch.
func (r *terminations) settle() {
	if r.open != nil {
		r.openOf.Counts.Add(r.open.Counts)
		r.open.Counts = event.Counts{}
	}
}

// States appends how far each container is told of, for those that moved.
func (r *terminations) States(class string, dst []frame.Source) []frame.Source {
	r.settle()
	for _, s := range r.told {
		if s.changed && s.class == class {
			dst = append(dst, s.Source)
			s.changed, s.Counts = false, event.Counts{}
		}
	}
	return dst
}

const (
	// askAgain is how soon what could not be told of is looked at again.
	askAgain = 100 * time.Millisecond
	// idle bounds a Wait, so that the watchdog sees the lane alive.
	idle = stuckAfter / 4
)

// Wait returns when there may be something to Read.
func (r *terminations) Wait(ctx context.Context, until time.Time) {
	d := time.Duration(idle)
	if r.held {
		d = askAgain
	}
	if !until.IsZero() {
		d = min(d, time.Until(until))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.ends.Ended():
		r.stale = true
	case <-t.C:
		r.stale = r.stale || r.held
	}
}
