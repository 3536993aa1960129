package tail

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/tail/confine"
)

// errResting is the answer to reading a file that has no descriptor just now.
// It has been asked for.
var errResting = errors.New("the file waits for a descriptor")

// descriptors is the budget through which files rotate: those that have
// nothing to read rest without one, and are watched by their names.
type descriptors struct {
	limit int
	open  atomic.Int64
	// holders may have a descriptor, queue wants one; the longest waiting is
	// first.
	holders, queue []*file
	// beyond is how many may be open above the limit.
	beyond int
}

// Descriptors is how many files are open, and how many are closed or wait
// although they are read.
func (e *Engine) Descriptors() (open, resting int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.chains {
		for _, f := range c.files {
			if f.resting.Load() {
				resting++
			}
		}
	}
	return int(e.open.Load()), resting
}

func (d *descriptors) room() int { return d.limit + d.beyond - int(d.open.Load()) }

// allowDeleted keeps deleted files from using up the budget: they cannot rest,
// and some are done only when others of their chain have been read, which need
// a descriptor for that.
func (d *descriptors) allowDeleted() {
	deleted := 0
	for _, f := range d.holders {
		if f.unlinked.Load() {
			deleted++
		}
	}
	d.beyond = min(deleted, 1+d.limit/8)
}

// shut gives the descriptor back and says whether there was one. The caller
// holds mu.
func (f *file) shut() bool {
	if f.fd < 0 {
		return false
	}
	_ = unix.Close(f.fd)
	f.fd = -1
	return true
}

func closeIfOpen(fd int) error {
	if fd < 0 {
		return nil
	}
	return unix.Close(fd)
}

// close ends the engine's part in a file that is done; it reports false when a
// lane is reading.
func (e *Engine) close(f *file) bool {
	if !f.mu.TryLock() {
		return false
	}
	defer f.mu.Unlock()
	if f.shut() {
		e.open.Add(-1)
	}
	return true
}

// whyClosed tells a lane why there is no descriptor, and asks for one if the
// file is still there. The caller holds mu.
func (f *file) whyClosed() error {
	if !f.resting.Load() || f.unlinked.Load() {
		return errClosed
	}
	f.wanted.Store(true)
	return errResting
}

// comesBack says whether the file rests, and has it opened again.
func (f *file) comesBack() bool {
	back := f.resting.Load() && !f.unlinked.Load()
	if back {
		f.wanted.Store(true)
	}
	return back
}

// isGone says whether the file was deleted while it rested: nothing can be read
// of it.
func (f *file) isGone() bool { return f.resting.Load() && f.unlinked.Load() }

// openOrWait opens a file if there is room, or can be made. Otherwise the
// descriptor is -1, and the file is what its name stands for: it is inspected
// when it is opened.
func (e *Engine) openOrWait(t *Target) (int, unix.Stat_t, error) {
	if e.room() <= 0 && len(e.queue) == 0 {
		e.makeRoom(max(1, e.limit/8))
	}
	if e.room() > 0 {
		fd, st, err := e.openFile(t)
		if !e.exhausted(err) {
			return fd, st, err
		}
	}
	var st unix.Stat_t
	root, err := e.root(t.Root)
	if err == nil {
		err = root.Inspect(t.Name, &st)
	}
	return -1, st, err
}

// exhausted says whether the process cannot open more, and lowers the limit
// so that something is left for the rest of the agent.
func (e *Engine) exhausted(err error) bool {
	if !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE) {
		return false
	}
	open := int(e.open.Load())
	e.limit = max(fewest, min(e.limit, open)-max(fewest, open/8))
	if e.told.once("", err.Error()) {
		e.opts.Logger.Warn("no more files can be opened; idle ones are closed to make room. "+
			"Raise the limit of open files (ulimit -n, LimitNOFILE=, or fs.file-max)", "error", err, "open", open)
	}
	return true
}

// take counts the descriptor of a new file, or queues the file for one.
func (e *Engine) take(f *file) {
	if f.fd >= 0 {
		e.open.Add(1)
		e.holders = append(e.holders, f)
		return
	}
	f.resting.Store(true)
	f.born = e.bornOf(&f.target)
	e.enqueue(f)
}

func (e *Engine) enqueue(f *file) {
	if !f.poll.waiting && !f.unlinked.Load() {
		f.poll.waiting = true
		e.queue = append(e.queue, f)
	}
}

// serve gives descriptors to the files that wait for them.
func (e *Engine) serve() {
	if len(e.queue) == 0 && e.room() >= 0 {
		return
	}
	e.makeRoom(len(e.queue))
	n := min(max(0, e.room()), len(e.queue))
	served := e.queue[:n]
	e.queue = e.queue[n:]
	for _, f := range served {
		f.poll.waiting = false
		e.revive(f)
	}
	if len(e.queue) == 0 {
		e.queue = nil
	}
}

// makeRoom closes files so that n can be opened, as far as there are any that
// can be spared: first those that were read to their end, the longest idle
// before the others, then those of which only an unfinished line is unread,
// then those that are empty or not their chain's turn.
func (e *Engine) makeRoom(n int) {
	e.holders = slices.DeleteFunc(e.holders, func(f *file) bool { return f.resting.Load() || f.abandoned.Load() || f.done.Load() })
	e.allowDeleted()
	n -= e.room()
	if n <= 0 {
		return
	}
	var spare []*file
	for _, f := range e.holders {
		if f.rank() < indispensable {
			spare = append(spare, f)
		}
	}
	slices.SortFunc(spare, func(a, b *file) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.poll.grown, b.poll.grown))
	})
	for _, f := range spare {
		if n > 0 && e.rest(f) {
			n--
		}
	}
}

// indispensable is the rank of a file that keeps its descriptor.
const indispensable = 3

// rank says how well a file can do without its descriptor. A deleted one could
// never be opened again.
func (f *file) rank() int {
	switch {
	case f.unlinked.Load():
		return indispensable
	case f.settled.Load() && f.unread() == 0:
		return 0
	case f.settled.Load():
		return 1
	case f.unread() == 0 || slices.ContainsFunc(f.chain.files[:max(0, slices.Index(f.chain.files, f))], isWaiting):
		return 2
	}
	return indispensable
}

func isWaiting(f *file) bool { return f.poll.waiting }

// rest closes a file for a while. It reports false when there is something in
// it that must be looked at first.
func (e *Engine) rest(f *file) bool {
	if !f.mu.TryLock() {
		return false
	}
	defer f.mu.Unlock()
	before := f.last
	if f.measure() != nil || f.unlinked.Load() || f.last != before {
		f.settled.Store(false)
		f.chain.lane.put(f.chain)
		return false
	}
	f.born = confine.Born(f.fd)
	f.resting.Store(true)
	f.shut()
	e.open.Add(-1)
	return true
}
