package tail

import (
	"cmp"
	"slices"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// sleepAfter is after how long without anything to read a source is put to
// sleep: the components forget it, and what describes it is made again when its
// next line comes. A quiet file so costs little memory, and one that writes now
// and then is not described for every line, ns.
const sleepAfter = int64(10 * time.Second)

// describe has the provider say what a reading's source is.
func (l *Lane) describe(r *reading) event.Source {
	if len(l.awake) == 0 {
		l.nextSleep = r.observed + sleepAfter
	}
	l.awake = append(l.awake, r)
	r.awake = true
	src := r.file.chain.provider.Describe(&r.file.target)
	r.file.chain.wanted = cmp.Or(src.Class, DefaultClass)
	return src
}

// wakeUp has the components know the source of a reading.
func (l *Lane) wakeUp(r *reading) {
	if !r.awake {
		src := l.describe(r)
		r.src.Resource, r.src.Attributes, r.src.Settings = src.Resource, src.Attributes, src.Settings
		r.settings()
	}
	if r.file != nil {
		l.classify(r.file.chain)
	}
	if r.opened {
		return
	}
	r.opened = true
	if l.OnOpen != nil {
		l.OnOpen(r.src)
	}
}

// classify gives the sources of a chain the class that they were described with
// last, once frames have everything that was read under another one: a position
// in a frame must not be beyond lines of a frame that comes later.
func (l *Lane) classify(c *chain) {
	if c.class == c.wanted || slices.ContainsFunc(l.unrecorded, func(r *reading) bool { return r.file.chain == c }) {
		return
	}
	c.class = c.wanted
	for _, f := range c.current() {
		if r := f.reading; r != nil && r.src != nil {
			r.src.Class = c.class
		}
	}
}

// sleep puts the sources to sleep that had nothing to read for a while.
func (l *Lane) sleep() {
	if len(l.awake) == 0 {
		return
	}
	now := l.now()
	// A clock that was set back puts nothing off.
	if now < l.nextSleep && l.nextSleep-now <= sleepAfter {
		return
	}
	l.nextSleep = now + sleepAfter/2
	l.sleepers(func(r *reading) bool { return r.closed || now-r.observed >= sleepAfter })
}

// sleepers puts the sources to sleep that tired picks.
func (l *Lane) sleepers(tired func(*reading) bool) {
	l.awake = slices.DeleteFunc(l.awake, func(r *reading) bool {
		if !tired(r) {
			return false
		}
		l.putToSleep(r)
		return true
	})
	if len(l.awake) == 0 {
		l.awake = nil
	}
}

// putToSleep leaves a reading that has ended to closeSources.
func (l *Lane) putToSleep(r *reading) {
	if r.closed || r.src == nil {
		return
	}
	if r.opened && l.OnClose != nil {
		l.OnClose(r.src)
	}
	r.awake, r.opened = false, false
	r.src.Resource, r.src.Attributes = nil, nil
	r.joiner.trim()
}

// untilSleep is when sources are put to sleep next, or the zero time while all
// sleep.
func (l *Lane) untilSleep() time.Time {
	if len(l.awake) == 0 {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(min(max(0, l.nextSleep-l.now()), sleepAfter)))
}
