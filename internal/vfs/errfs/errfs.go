// Package errfs is a file system that answers as a failing disk does: with
// ENOSPC, EIO or EROFS, with half a write, or late. What it passes on goes to
// the file system beneath, which may be crashfs or the real one.
//
// A test of this package compares its full and its read-only disk with the
// kernel's.
package errfs

import (
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
)

// Call is a kind of call.
type Call uint8

// The calls that may fail. A write is Overwrite where the file has bytes
// already, and Extend when it makes the file longer. An OpenFile with O_CREATE
// of a file that there is not is Create, any other that may write OpenWrite.
const (
	OpenRead Call = iota
	OpenWrite
	Create
	Mkdir
	Remove
	Rename
	List
	Stat
	SyncDir
	Read
	Overwrite
	Extend
	Sync
	Truncate
	Allocate
	// Calls is how many kinds there are.
	Calls
)

// Needing are the calls that need new blocks or inodes: they fail on a full
// disk, and the others do not.
func Needing() []Call { return []Call{Create, Mkdir, Extend, Allocate} }

// Changing are the calls that a read-only file system refuses. Sync is not
// among them: with nothing to write it succeeds.
func Changing() []Call {
	return []Call{OpenWrite, Create, Mkdir, Remove, Rename, Overwrite, Extend, Truncate, Allocate}
}

// Fault is what happens to some calls.
type Fault struct {
	// Calls and Name choose them; all kinds and all files when empty. Name is
	// a part of the path.
	Calls []Call
	Name  string
	// After is how many chosen calls are let pass first, Times how many are
	// hit then; 0 is all until the fault ends.
	After, Times int
	// Err is the answer; nil lets the call happen.
	Err error
	// Short makes a write put half of its bytes down before it fails, as
	// pwrite does that comes to the end of the disk.
	Short bool
	// Stall is how long the call takes before it happens or fails.
	Stall time.Duration
	// Until, if not nil, holds the call until it is closed.
	Until <-chan struct{}
}

// Full is a disk without a free block or inode.
func Full() Fault { return Fault{Calls: Needing(), Err: syscall.ENOSPC, Short: true} }

// ReadOnly is a disk that the kernel has made read-only after an error.
func ReadOnly() Fault { return Fault{Calls: Changing(), Err: syscall.EROFS} }

// FS passes calls on to the file system beneath it, but for those that a
// fault hits.
type FS struct {
	vfs.FS

	mu     sync.Mutex
	faults []*Injected
	calls  int
}

// New is fsys without faults.
func New(fsys vfs.FS) *FS { return &FS{FS: fsys} }

// Injected is a fault at work.
type Injected struct {
	Fault
	fs    *FS
	seen  int
	fired int
}

// Inject begins a fault. Of several that choose a call, the first counts.
func (f *FS) Inject(fault Fault) *Injected {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := &Injected{Fault: fault, fs: f}
	f.faults = append(f.faults, i)
	return i
}

// Fired is how many calls were hit.
func (i *Injected) Fired() int {
	i.fs.mu.Lock()
	defer i.fs.mu.Unlock()
	return i.fired
}

// End ends the fault.
func (i *Injected) End() {
	i.fs.mu.Lock()
	defer i.fs.mu.Unlock()
	i.fs.faults = slices.DeleteFunc(i.fs.faults, func(o *Injected) bool { return o == i })
}

// Count is how many calls there were that a fault can hit.
func (f *FS) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// choose is the fault that hits a call, and nil when none does.
func (f *FS) choose(call Call, name string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	for _, i := range f.faults {
		if i.hits(call, name) {
			i.fired++
			return &i.Fault
		}
	}
	return nil
}

func (i *Injected) hits(call Call, name string) bool {
	if len(i.Calls) > 0 && !slices.Contains(i.Calls, call) || !strings.Contains(name, i.Name) {
		return false
	}
	i.seen++
	return i.seen > i.After && (i.Times == 0 || i.fired < i.Times)
}

// do makes a call unless a fault hits it.
func (f *FS) do(call Call, op, name string, pass func() error) error {
	fault := f.choose(call, name)
	if err := fault.answer(op, name); err != nil {
		return err
	}
	return pass()
}

// answer waits and is the fault's error.
func (f *Fault) answer(op, name string) error {
	if f == nil {
		return nil
	}
	time.Sleep(f.Stall)
	if f.Until != nil {
		<-f.Until
	}
	if f.Err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: f.Err}
}
