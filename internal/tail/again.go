package tail

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// maxAgain bounds how many ranges wait to be read once more.
const maxAgain = 10_000

// again are the ranges to be read once more, since the frame that held them is
// damaged. Anybody may add to them; lanes take those of their files.
type again struct {
	count atomic.Int32
	// bytes is how much was read once more.
	bytes atomic.Int64

	mu       sync.Mutex
	bySource map[event.SourceID][]frame.Missing
}

// add reports false when too many ranges wait.
func (a *again) add(m frame.Missing) bool {
	if a.count.Load() >= maxAgain {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bySource == nil {
		a.bySource = make(map[event.SourceID][]frame.Missing)
	}
	a.bySource[m.To.ID] = append(a.bySource[m.To.ID], m)
	a.count.Add(1)
	return true
}

// has says whether a range of a source waits.
func (a *again) has(id event.SourceID) bool {
	if a.count.Load() == 0 {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.bySource[id]) > 0
}

// take returns the range of a source that was added first.
func (a *again) take(id event.SourceID) (frame.Missing, bool) {
	if !a.has(id) {
		return frame.Missing{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	ranges := a.bySource[id]
	if a.bySource[id] = ranges[1:]; len(ranges) == 1 {
		delete(a.bySource, id)
	}
	a.count.Add(-1)
	return ranges[0], true
}

// ReadAgain has ranges read once more, of the files that are still there. A
// file that is open is read at once, one that was closed after the next scan.
// It may be called from any goroutine.
func (e *Engine) ReadAgain(ranges []frame.Missing) {
	for _, m := range ranges {
		if !e.again.add(m) {
			e.opts.Logger.Error("a range of a log file is not read again, since too many are waiting for that; its lines are lost",
				"path", quote(m.To.Path), "from", m.From.Offset, "to", m.To.Offset)
			continue
		}
		e.lookAt(m.To.ID)
	}
}

// AgainBytes is how much was read once more since the start.
func (e *Engine) AgainBytes() int64 { return e.again.bytes.Load() }

// lookAt wakes the lane that has a source open.
func (e *Engine) lookAt(id event.SourceID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.chains {
		for _, f := range c.files {
			if src := f.source.Load(); src != nil && src.ID == id {
				c.lane.enqueue(c)
			}
		}
	}
}

// reopen forgets that files were read to their ends of which a range is to be
// read again, so that they are opened when they are found.
func (e *Engine) reopen() {
	if e.again.count.Load() == 0 {
		return
	}
	for _, c := range e.chains {
		c.closed = slices.DeleteFunc(c.closed, func(k closedFile) bool {
			return k.source != nil && e.again.has(k.source.ID)
		})
	}
}
