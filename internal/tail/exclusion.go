package tail

import (
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Exclusion may begin while files are read, and end. When it begins, what was
// read is recorded with how far, and what was not read is left, which is no loss.
// When it ends, files are found like new ones, and what is older than its end is
// left out, whatever became of the files meanwhile.

// excludedBy is the rule for which the files of a path identity are not read.
func (e *Engine) excludedBy(pathIdentity string) string {
	rule, _ := e.exclusion(pathIdentity)
	return rule
}

func (e *Engine) exclusion(pathIdentity string) (rule string, until int64) {
	if e.opts.Gate == nil {
		return "", 0
	}
	return e.opts.Gate.Excluded(pathIdentity)
}

// Rescan has everything looked for soon: what is excluded has changed. It may be
// called from any goroutine.
func (e *Engine) Rescan() {
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	e.watch.note("")
}

// dismiss has the lane end the reading of a file that is excluded, if there is
// one.
func (e *Engine) dismiss(t *Target) {
	if c := e.chains[t.Chain]; c != nil && len(c.files) > 0 {
		c.lane.enqueue(c)
	}
}

// excludes says whether what is open of a chain is not to be read on: it is
// excluded, or was since it was asked for last.
func (l *Lane) excludes(c *chain) bool {
	now := l.engine.refreshes.Load()
	if c.asked == now {
		return c.excluded
	}
	rule, until := l.engine.exclusion(c.identity)
	c.excluded = rule != "" || c.asked != 0 && until > c.until
	c.asked, c.until = now, until
	return c.excluded
}

// dismiss ends the reading of the next file of a chain that is excluded, and
// reports false when there is none: what was read and is held back becomes a
// record, what was not read is not wanted.
func (l *Lane) dismiss(c *chain, b *event.Batch) bool {
	files := c.current()
	for i, f := range files {
		r := l.readingOf(files, i)
		if r.file != f && r.left {
			l.vacate(f)
		}
		if r.closed {
			continue
		}
		r.dismissed = true
		f.dismissed.Store(true)
		r.observed, r.wall = l.now(), l.engine.opts.wall().UnixNano()
		if r.src != nil {
			l.begin(b, r)
			l.flush(r, b)
		}
		l.close(r)
		if r.src != nil {
			return true
		}
	}
	// What is found next is asked for anew.
	c.asked = 0
	return false
}

// pass records that what was unread of a content when the agent stopped is not
// wanted any more.
func (l *Lane) pass(k *known) {
	s := k.Source
	s.Size, s.Counts = s.Offset, event.Counts{}
	for i := range s.Streams {
		if s.Streams[i].Mode == frame.ModeOpen {
			s.Streams[i] = frame.StreamState{}
		}
	}
	k.Source = s
	l.tell(s)
}
