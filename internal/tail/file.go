package tail

import (
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/pipeline/event"
)

// errClosed is the answer to reading a file whose descriptor was given up.
var errClosed = errors.New("the file was closed before it was read to its end")

// file is an open file as engine and lane share it.
type file struct {
	chain    *chain
	dev, ino uint64
	// initial says that the file was there when the engine started.
	initial bool
	// modified is when it had been written last when it was found, ns.
	modified int64
	target   Target
	// root and name are where the file is; the engine's.
	root, name string
	// born is when the file was created, ns, as far as that is known of a
	// resting file: its inode may be given again.
	born int64
	// compressed is nil for a file that is read as it is.
	compressed *compressed

	// mu guards what follows. The engine only ever tries it, so that a lane
	// that waits for a slow disk does not stop the measuring.
	mu sync.Mutex
	fd int
	// last is the file's size on the disk.
	last int64
	cut  cut
	// touched is when the file was written last, ns.
	touched int64
	// rewritten says that the file was written to and did not grow, or shrank: it
	// may have been truncated, and have grown to its old size. The lane looks and
	// resets it.
	rewritten atomic.Bool

	// Written by the engine's measuring and the lane's; the size of a
	// compressed file's content only by the lane's.
	size     atomic.Int64
	unlinked atomic.Bool
	// abandoned is set by the engine when it closed an unread file, or found one
	// deleted that had no descriptor; head is then its first line, cut, if known.
	abandoned atomic.Bool
	head      []byte
	path      atomic.Pointer[string]
	// live says that the last scan found it under the chain's own name.
	live atomic.Bool

	// Written by the lane.
	offset atomic.Int64
	state  atomic.Uint32
	// failure says why the file cannot be read, limit which one holds it, while
	// that is so.
	failure, limit atomic.Pointer[string]
	source         atomic.Pointer[event.Source]
	// wakeAt is when the lane wants to look at the file although it did not
	// grow, ns; 0 is never.
	wakeAt atomic.Int64
	// done says that the lane wants no more of the file, dismissed that it is
	// excluded. ended is how large it was then, of one that is read as it is, and
	// gone says that it was deleted.
	done, dismissed, gone atomic.Bool
	ended                 atomic.Int64
	// settled says that the lane has looked and waits for the file to grow.
	settled atomic.Bool
	// wanted asks the engine for a descriptor.
	wanted atomic.Bool

	// resting is set by the engine while the file has no descriptor although
	// it is read: it was closed to make room, or waits for room.
	resting atomic.Bool

	poll poll

	// reading is the lane's.
	reading *reading
}

// cut remembers content that went away by truncation.
type cut struct {
	happened bool
	// size is how large the content was that was being read, more the sum of
	// later contents that came and went before the lane looked.
	size, more int64
	// gone is by how much the file shrank in all.
	gone int64
	// kept is how large the file was when it was written to and did not grow; it
	// may be that nothing went away.
	kept int64
}

// measure asks for the file's size. A file without a descriptor has the one
// that it was seen with last. The caller holds mu.
func (f *file) measure() error {
	if f.fd < 0 {
		if f.resting.Load() && !f.abandoned.Load() {
			return nil
		}
		return errClosed
	}
	var st unix.Stat_t
	if err := unix.Fstat(f.fd, &st); err != nil {
		return err
	}
	f.note(st.Size, st.Mtim.Nano())
	if st.Nlink == 0 {
		f.unlinked.Store(true)
	}
	return nil
}

// note takes the file's size and when it was written last, and sees whether it
// shrank.
func (f *file) note(size, touched int64) {
	kept := size == f.last && touched != f.touched
	f.touched = touched
	if f.compressed != nil {
		f.last = size
		return
	}
	if kept {
		f.cut.kept = size
	}
	if kept || size < f.last {
		f.rewritten.Store(true)
	}
	if size < f.last {
		if f.cut.happened {
			f.cut.more += f.last
		} else {
			f.cut = cut{happened: true, size: f.last, gone: f.cut.gone}
		}
		f.cut.gone += f.last - size
	}
	f.last = size
	f.size.Store(size)
}

// pread fills p from an offset, as far as the file goes.
func (f *file) pread(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return 0, f.whyClosed()
	}
	n := 0
	for n < len(p) {
		m, err := unix.Pread(f.fd, p[n:], offset+int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		if m == 0 {
			break
		}
		n += m
	}
	return n, nil
}

// isDeleted asks whether the file is deleted, unless a lane is reading it.
func (f *file) isDeleted() bool {
	if f.mu.TryLock() {
		// A file that cannot be measured is one that cannot be read: the lane
		// finds out and says so.
		_ = f.measure()
		f.mu.Unlock()
	}
	return f.unlinked.Load()
}

// remeasure is measure for callers without the lock.
func (f *file) remeasure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.measure()
}

// wake asks for the lane's attention at a time, or earlier if it is asked for
// already.
func (f *file) wake(at int64) {
	for {
		old := f.wakeAt.Load()
		if old != 0 && old <= at || f.wakeAt.CompareAndSwap(old, at) {
			return
		}
	}
}

// end says that the lane wants no more of the file, which was read up to a size.
func (f *file) end(size int64, deleted bool) {
	f.setState(StateDone)
	f.ended.Store(size)
	f.gone.Store(deleted)
	f.done.Store(true)
}

// dueBefore says whether the lane wants to look at the file before a time.
func (f *file) dueBefore(t int64) bool {
	at := f.wakeAt.Load()
	return at != 0 && at < t
}

func (f *file) setState(s State) { f.state.Store(uint32(s)) }

// takeCut measures the file once more and returns what went away since it was
// asked last.
func (f *file) takeCut() cut {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A file that cannot be measured any more keeps its last size.
	_ = f.measure()
	c := f.cut
	f.cut = cut{}
	return c
}

// unread is how much of the file the lane has not consumed.
func (f *file) unread() int64 { return max(0, f.size.Load()-f.offset.Load()) }

// descriptorLimit is how many files the process may open (getrlimit(2)); the
// Go runtime has raised the soft limit to the hard one.
func descriptorLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<20 {
		return 1 << 20
	}
	return int(limit.Cur)
}
