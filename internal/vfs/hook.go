package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// OpKind is a kind of operation that changes a file system.
type OpKind uint8

// The operations that a hook sees.
const (
	OpCreate OpKind = iota
	OpMkdir
	OpWrite
	OpSync
	OpTruncate
	OpAllocate
	OpRemove
	OpRename
	OpSyncDir
)

// Op is one operation on the file or directory called Name.
type Op struct {
	Kind OpKind
	Name string
}

// ErrSkip makes a hooked operation do nothing and report success.
var ErrSkip = errors.New("skip this operation")

// WithHook is fsys with before called ahead of every operation that changes
// something. An error from it is the operation's result, and the operation
// does not happen; so a test counts operations, stops the world at the n-th,
// or injects ENOSPC and EIO. It is called by one goroutine at a time.
func WithHook(fsys FS, before func(Op) error) FS { return &hooked{FS: fsys, before: before} }

type hooked struct {
	FS
	mu     sync.Mutex
	before func(Op) error
}

func (h *hooked) ask(op Op) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.before(op)
}

func (h *hooked) do(kind OpKind, name string, op func() error) error {
	switch err := h.ask(Op{kind, name}); {
	case errors.Is(err, ErrSkip):
		return nil
	case err != nil:
		return &fs.PathError{Op: "hook", Path: name, Err: err}
	}
	return op()
}

func (h *hooked) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if flag&os.O_CREATE != 0 {
		if err := h.do(OpCreate, name, func() error { return nil }); err != nil {
			return nil, err
		}
	}
	f, err := h.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &hookedFile{f, h}, nil
}

func (h *hooked) MkdirAll(name string, perm fs.FileMode) error {
	return h.do(OpMkdir, name, func() error { return h.FS.MkdirAll(name, perm) })
}

func (h *hooked) Remove(name string) error {
	return h.do(OpRemove, name, func() error { return h.FS.Remove(name) })
}

func (h *hooked) Rename(oldName, newName string) error {
	return h.do(OpRename, newName, func() error { return h.FS.Rename(oldName, newName) })
}

func (h *hooked) SyncDir(name string) error {
	return h.do(OpSyncDir, name, func() error { return h.FS.SyncDir(name) })
}

type hookedFile struct {
	File
	fs *hooked
}

var _ io.WriterAt = (*hookedFile)(nil)

func (f *hookedFile) WriteAt(p []byte, off int64) (n int, err error) {
	n = len(p)
	err = f.fs.do(OpWrite, f.Name(), func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	if err != nil && n == len(p) {
		n = 0
	}
	return n, err
}

func (f *hookedFile) Sync() error { return f.fs.do(OpSync, f.Name(), f.File.Sync) }

func (f *hookedFile) Truncate(size int64) error {
	return f.fs.do(OpTruncate, f.Name(), func() error { return f.File.Truncate(size) })
}

func (f *hookedFile) Allocate(size int64) error {
	return f.fs.do(OpAllocate, f.Name(), func() error { return f.File.Allocate(size) })
}
