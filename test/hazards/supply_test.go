package hazards

import (
	"io/fs"
	"sync"
	"syscall"

	"github.com/tailrace/tailrace/internal/vfs"
)

// supply counts the calls that put something on stable storage, fsyncs of files
// and directories and renames, and cuts the power at one of them. The call
// then never returns a success.
type supply struct {
	vfs.FS
	outage outage
	// cut is called once.
	cut func()

	mu    sync.Mutex
	calls int
	// at is the call at which the power went.
	at string
}

// do makes a call, or cuts the power before or after it.
func (s *supply) do(kind, name string, call func() error) error {
	now := s.reached(kind)
	if now && !s.outage.after {
		s.cut()
	}
	err := call()
	if now && s.outage.after {
		s.cut()
	}
	if now {
		return &fs.PathError{Op: kind, Path: name, Err: syscall.EIO}
	}
	return err
}

// reached counts a call and says whether it is the one.
func (s *supply) reached(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.calls == s.outage.at {
		s.at = kind
		return true
	}
	return false
}

// lost is the call at which the power went, or nothing.
func (s *supply) lost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// count is how many calls there were.
func (s *supply) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Rename implements vfs.FS.
func (s *supply) Rename(oldName, newName string) error {
	return s.do("rename", newName, func() error { return s.FS.Rename(oldName, newName) })
}

// SyncDir implements vfs.FS.
func (s *supply) SyncDir(name string) error {
	return s.do("fsync of a directory", name, func() error { return s.FS.SyncDir(name) })
}

// OpenFile implements vfs.FS.
func (s *supply) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &suppliedFile{f, s}, nil
}

type suppliedFile struct {
	vfs.File
	supply *supply
}

// Sync implements vfs.File.
func (f *suppliedFile) Sync() error { return f.supply.do("fsync", f.Name(), f.File.Sync) }
