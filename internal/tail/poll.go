package tail

import (
	"slices"
	"time"
)

// poll is how the engine measures a file: often while it grows, less and less
// often while it does not.
type poll struct {
	// present says that the last scan found the file under a name; order is
	// its place in the chain by that name.
	present bool
	order   int64
	// absent is since when scans do not find a resting file, ns; 0 while they
	// do. vanished says that it is taken for deleted, waiting that it is in the
	// queue for a descriptor.
	absent            int64
	vanished, waiting bool

	next, interval int64
	grown          int64
}

const (
	// busyFor is for how long after it grew a file is measured at every tick.
	busyFor = int64(2 * time.Second)
	// idleFirst and idleMost bound the interval for files that do not grow. It
	// gets longer when there are more than idleFiles, up to idleLimit: so many
	// are measured in a second.
	idleFirst = int64(250 * time.Millisecond)
	idleMost  = int64(time.Second)
	idleLimit = int64(5 * time.Second)
	idleFiles = 2000
)

func (p *poll) hurry() { p.next, p.interval = 0, 0 }

// idleInterval is how seldom a file is measured when there are so many.
func idleInterval(files int) int64 {
	return max(idleMost, min(idleLimit, idleMost*int64(files)/idleFiles))
}

// walkInterval is how seldom all files are looked through.
func walkInterval(files int) int64 {
	return min(idleMost, idleFirst*max(1, int64(files)/idleFiles))
}

// schedule decides when a file is measured next: at the latest after most.
func (p *poll) schedule(now int64, grew bool, most int64) {
	if grew {
		p.grown = now
	}
	switch {
	case now-p.grown < busyFor:
		p.interval = 0
	case p.interval == 0:
		p.interval = idleFirst
	default:
		p.interval = min(2*p.interval, most)
	}
	p.next = now + p.interval
}

// measure asks for the sizes of the files that are due. Those that grew lately
// are due at every call, as are those that a lane wants to look at soon; the
// others are only looked through now and then, since looking at a thousand of
// them costs more than measuring a few.
func (e *Engine) measure(now int64) {
	if now < e.measured {
		e.setBack(e.measured - now)
	}
	e.measured = now
	// Lanes are woken once for all files: a wake costs more than many lines.
	defer e.rouse()
	defer e.serve()
	if now >= e.nextWalk {
		e.nextWalk = now + walkInterval(e.count)
		e.measureAll(now)
		return
	}
	e.busy = slices.DeleteFunc(e.busy, func(f *file) bool {
		soon := f.dueBefore(now + idleFirst)
		e.measureFile(f, now)
		return f.poll.interval > 0 && !soon
	})
}

// rouse wakes the lanes that have something to read.
func (e *Engine) rouse() {
	for _, l := range e.lanes {
		if !l.ready.empty() {
			l.rouse()
		}
	}
}

// measureAll looks through all files, closes those that lanes are done with,
// and gathers the busy ones anew.
func (e *Engine) measureAll(now int64) {
	e.busy = e.busy[:0]
	var held holders
	files := 0
	defer func() { e.count = files }()
	for _, c := range e.chains {
		done := false
		files += len(c.files)
		for _, f := range c.files {
			done = done || f.done.Load()
			soon := f.dueBefore(now + idleFirst)
			e.measureFile(f, now)
			if f.poll.interval == 0 || soon {
				e.busy = append(e.busy, f)
			}
			if f.unlinked.Load() && !f.abandoned.Load() && !f.resting.Load() {
				held.add(f)
			}
		}
		if done {
			e.release(c, now)
		}
	}
	e.relieve(&held)
}

// setBack makes up for a clock that was set back by d ns: what is due at a
// time is due as much earlier.
func (e *Engine) setBack(d int64) {
	e.nextWalk = 0
	for _, c := range e.chains {
		for _, f := range c.files {
			f.poll.hurry()
			f.poll.grown -= d
			if at := f.wakeAt.Load(); at != 0 {
				f.wakeAt.CompareAndSwap(at, at-d)
			}
		}
	}
}

func (e *Engine) measureFile(f *file, now int64) {
	if at := f.wakeAt.Load(); at != 0 && now >= at && f.wakeAt.CompareAndSwap(at, 0) {
		f.settled.Store(false)
		f.chain.lane.put(f.chain)
	}
	if f.resting.Load() {
		e.measureResting(f, now)
		return
	}
	if now < f.poll.next || !f.mu.TryLock() {
		return
	}
	size, unlinked, rewritten := f.last, f.unlinked.Load(), f.rewritten.Load()
	// A file that cannot be measured is one that cannot be read: the lane
	// finds out and says so.
	err := f.measure()
	changed := err == nil && (f.last != size || f.rewritten.Load() != rewritten)
	f.mu.Unlock()
	f.poll.schedule(now, changed, idleInterval(e.count))
	if changed || f.unlinked.Load() != unlinked {
		f.settled.Store(false)
		f.chain.lane.put(f.chain)
	}
}

// release closes the files of a chain that were read to their end, and
// remembers those that are still there.
func (e *Engine) release(c *chain, now int64) {
	files := make([]*file, 0, len(c.files))
	for _, f := range c.files {
		if !f.done.Load() || !e.close(f) {
			files = append(files, f)
			continue
		}
		c.remember(e.opts.Positions, f, now)
		if f.dismissed.Load() {
			// It may not be excluded any more.
			e.Rescan()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.publish(files)
}
