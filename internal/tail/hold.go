package tail

import "github.com/tailrace/tailrace/pipeline/event"

// hold is what a chain has reserved of its limits for its next turn.
type hold struct {
	reserved int64
	// since and until are when the turn was asked for and when it may be; until
	// is 0 while nothing is reserved.
	since, until int64
	// file is the one that waits, nil when none has anything to read.
	file *file
}

// admit says whether a chain may have its turn now. If not, it sleeps until
// it may. It reserves once, so that nobody who asks later comes before it.
func (l *Lane) admit(c *chain) bool {
	l.budget = l.engine.opts.Budget
	m := l.engine.limiter
	if m == nil {
		return true
	}
	f, src := c.next()
	if src == nil {
		// What it reads is charged once its first line says whose it is.
		l.budget = min(l.budget, smallestTurn)
		return true
	}
	l.budget = m.share(src, l.budget)
	now, h := l.now(), &c.hold
	if h.until == 0 {
		l.reserve(c, f, src, now)
	}
	// A clock that was set back holds nobody.
	if now >= h.since && now < h.until {
		return false
	}
	h.end(m, src, now)
	return true
}

// reserve takes what the next turn may read from the limits.
func (l *Lane) reserve(c *chain, f *file, src *event.Source, now int64) {
	n := min(f.unread(), int64(l.budget))
	at, limit := l.engine.limiter.reserve(src, n, now)
	c.hold = hold{reserved: n, since: now, until: at}
	if at <= now {
		return
	}
	f.wake(at)
	if n > 0 {
		c.hold.file = f
		f.limit.Store(&limit)
		f.setState(StateThrottled)
	}
}

// end is the end of waiting.
func (h *hold) end(m *limiter, src *event.Source, now int64) {
	if h.file == nil {
		return
	}
	m.count(src.Namespace, max(0, now-h.since))
	h.file.setState(StateReading)
	h.file = nil
}

// charge corrects what was reserved for a turn by what it has read.
func (l *Lane) charge(c *chain, read int64) {
	m := l.engine.limiter
	if m == nil {
		return
	}
	if _, src := c.next(); src != nil {
		m.add(src, read-c.hold.reserved, l.now())
	}
	c.hold = hold{}
}

// next is the file that the next turn reads from, and the source of any of
// the chain's: they have the same limits.
func (c *chain) next() (f *file, src *event.Source) {
	for _, g := range c.current() {
		if src == nil {
			src = g.source.Load()
		}
		if f == nil || f.unread() == 0 {
			f = g
		}
	}
	return f, src
}
