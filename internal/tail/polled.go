package tail

import (
	"time"

	"golang.org/x/sys/unix"
)

// stamp is what tells that names came or went in a directory that is not
// watched: its modification time.
type stamp struct {
	dev, ino uint64
	modified int64
	// fresh says that it was modified so lately that a later change may have
	// left the same time.
	fresh bool
}

const (
	// pollEvery is how often directories that are not watched are looked at,
	// pollEach how much longer it takes for each of them, pollMost at most.
	pollEvery = int64(250 * time.Millisecond)
	pollEach  = int64(500 * time.Microsecond)
	pollMost  = int64(5 * time.Second)
	// stampStep is more than a kernel's tick, the step of modification times.
	stampStep = int64(50 * time.Millisecond)
)

// poll has a directory looked at that cannot be watched. It was just looked
// into; what has changed before it is looked at first is not known.
func (w *watcher) poll(dir string) {
	if _, ok := w.polled[dir]; !ok {
		w.polled[dir] = stamp{}
	}
}

// lookAround notes the polled directories that have changed.
func (w *watcher) lookAround(now int64) {
	if len(w.polled) == 0 || now < w.next {
		return
	}
	w.next = now + min(max(pollEvery, pollEach*int64(len(w.polled))), pollMost)
	w.mu.Lock()
	defer w.mu.Unlock()
	for dir, old := range w.polled {
		s := stampOf(dir, time.Now().UnixNano())
		if s != old || s.fresh {
			w.note(dir)
		}
		w.polled[dir] = s
	}
}

// stampOf is the zero stamp for a directory that is gone.
func stampOf(dir string, now int64) stamp {
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil {
		return stamp{}
	}
	modified := st.Mtim.Nano()
	// After the clock was set back, what was modified before is not fresh for
	// as long as that.
	fresh := modified-stampStep < now && now < modified+stampStep
	return stamp{uint64(st.Dev), st.Ino, modified, fresh}
}

// Watches is how many directories are watched, and how many are looked at now
// and then because there were no watches left for them.
func (e *Engine) Watches() (watched, polled int64) {
	return e.watch.watches.Load(), e.watch.polling.Load()
}
