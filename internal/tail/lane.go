package tail

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/internal/tail/dockerjson"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Lane is a share of the engine's files. All its methods are called from the
// one goroutine that owns it.
type Lane struct {
	// OnOpen is called from Read before the first batch of a source, OnClose
	// after its last. A source that had nothing to read for a while is closed,
	// too, and opened again before its next batch. They may be nil and are set
	// before the first Read.
	OnOpen, OnClose func(*event.Source)

	engine   *Engine
	ready    queue
	wake     chan struct{}
	families map[string]*family

	// unrecorded are the readings with a state that no frame has yet, closing
	// those whose source the components have not been told the end of.
	unrecorded, closing []*reading
	// awake are the readings whose sources are described, nextSleep is when
	// those are looked for among them that are quiet, ns.
	awake     []*reading
	nextSleep int64
	// stale are the uids of pods whose sources must be described anew, isStale
	// that there are some.
	staleMu sync.Mutex
	stale   map[string]bool
	isStale atomic.Bool
	// budget is how much of a file the turn may read; consumed is how much all
	// turns have.
	budget   int
	consumed int64

	// joining is how much unfinished records hold; spares are buffers for
	// them, scratch is one for looking at files.
	joining int
	spares  [][]byte
	scratch [4096]byte
	docker  dockerjson.Parser

	// inflaters counts the chains that have one, queued are those that wait
	// for one. spent says that the turn went into inflating what no record
	// came of.
	inflaters int
	queued    []*chain
	spent     bool

	// goneMu guards gone: what the engine found to be gone.
	goneMu sync.Mutex
	gone   []absence

	// unsettled is set by the engine when everything was looked for, settled
	// when all known files are accounted for; vanished are the states of
	// those that were not found, unsaid their sources.
	unsettled atomic.Bool
	settled   bool
	vanished  []frame.Source
	unsaid    []*event.Source
}

// maxSpares and maxSpare bound the buffers that are kept for the next record.
const (
	maxSpares = 8
	maxSpare  = 2 * JoiningShare
)

func newLane(e *Engine) *Lane {
	return &Lane{engine: e, wake: make(chan struct{}, 1), families: make(map[string]*family)}
}

func (l *Lane) now() int64 { return l.engine.opts.Now().UnixNano() }

// Read fills b with records of one file, at most one budget of it, and reports
// whether there was anything to do: a batch may be empty and still have moved
// its source's state. It returns false when no file has anything now, or when
// a turn's work led to no record yet: Wait returns at once then.
// The batch is the caller's until the next Read, its Source until OnClose.
func (l *Lane) Read(b *event.Batch) bool {
	l.closeSources()
	l.refresh()
	l.sleep()
	l.forgetGone()
	for !l.engine.stopped.Load() {
		c := l.ready.pop()
		if c == nil {
			return l.account(b)
		}
		c.queued.Store(false)
		c.served.Store(true)
		b.Reset(nil)
		if !l.passes(c) {
			continue
		}
		if l.excludes(c) {
			if l.dismiss(c, b) {
				l.enqueue(c)
				return true
			}
			continue
		}
		if !l.admit(c) {
			continue
		}
		before := l.consumed
		more := l.turn(c, b)
		l.charge(c, l.consumed-before)
		if more {
			l.enqueue(c)
			return true
		}
		c.served.Store(l.spent)
		if l.spent {
			l.spent = false
			return false
		}
	}
	return false
}

// Wait returns when a Read may succeed or has quiet sources to close, at a time
// unless it is zero, or when ctx ends.
func (l *Lane) Wait(ctx context.Context, until time.Time) {
	if !l.ready.empty() || l.unsettled.Load() {
		return
	}
	if at := l.untilSleep(); until.IsZero() || !at.IsZero() && at.Before(until) {
		until = at
	}
	var due <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-due:
	}
}

// enqueue puts a chain in the queue unless it is there, and wakes the lane.
func (l *Lane) enqueue(c *chain) {
	if l.put(c) {
		l.rouse()
	}
}

// put is enqueue for a lane that is woken later, once for many chains.
func (l *Lane) put(c *chain) bool {
	if c.queued.Swap(true) {
		return false
	}
	l.ready.push(c)
	return true
}

// rouse ends a Wait, or the next one.
func (l *Lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// States appends how far the contents of a class are consumed, for those that
// moved since they were asked for last, and takes their counts.
func (l *Lane) States(class string, dst []frame.Source) []frame.Source {
	kept := l.unrecorded[:0]
	for _, r := range l.unrecorded {
		if r.src.Class != class {
			kept = append(kept, r)
			continue
		}
		r.changed = false
		s := r.state()
		if r.closed {
			r.known.Source = s
		}
		s.Counts, r.src.Counts = r.src.Counts, event.Counts{}
		dst = append(dst, s)
	}
	clear(l.unrecorded[len(kept):])
	l.unrecorded = kept
	if class == DefaultClass {
		dst, l.vanished = append(dst, l.vanished...), nil
	}
	return dst
}

// moved notes that the state of a reading must be recorded.
func (l *Lane) moved(r *reading) {
	if r.main != nil {
		r = r.main
	}
	if !r.changed && r.src != nil {
		r.changed = true
		l.unrecorded = append(l.unrecorded, r)
	}
}

// record adds a record of r to the batch.
func (l *Lane) record(b *event.Batch, r *reading) *event.Record {
	n := len(b.Records)
	if n < cap(b.Records) {
		b.Records = b.Records[:n+1]
	} else {
		b.Records = append(b.Records, event.Record{})
	}
	rec := &b.Records[n]
	*rec = event.Record{Observed: r.wall}
	return rec
}

// begin makes b a batch of r, whose source the components know then.
func (l *Lane) begin(b *event.Batch, r *reading) {
	b.Reset(r.src)
	b.MaybeSeen = b.MaybeSeen || r.offset < r.maybeSeen
	l.wakeUp(r)
}

// closeSources tells the components of the sources that ended with the last
// batch.
func (l *Lane) closeSources() {
	for _, r := range l.closing {
		if r.opened && l.OnClose != nil {
			l.OnClose(r.src)
		}
	}
	clear(l.closing)
	l.closing = l.closing[:0]
}

// buffer gives an empty buffer for joining, spare takes it back.
func (l *Lane) buffer() []byte {
	n := len(l.spares)
	if n == 0 {
		return nil
	}
	p := l.spares[n-1]
	l.spares = l.spares[:n-1]
	return p[:0]
}

func (l *Lane) spare(p []byte) {
	if cap(p) > 0 && cap(p) <= maxSpare && len(l.spares) < maxSpares {
		l.spares = append(l.spares, p)
	}
}
