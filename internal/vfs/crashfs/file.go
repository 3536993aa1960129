package crashfs

import (
	"io"
	"io/fs"
)

// file is an open file; it works on after its name was removed.
type file struct {
	fs   *FS
	node *node
	name string
}

func (f *file) Name() string { return f.name }
func (f *file) Close() error { return nil }

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), f.alive()
}

func (f *file) alive() error {
	if f.fs.dead {
		return ErrCrashed
	}
	return nil
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes what fits the disk.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.grow(f.node, off+int64(len(p))); err != nil {
		return 0, f.error("write", err)
	}
	if end := off + int64(len(p)); end > int64(len(f.node.data)) {
		f.node.resize(end)
	}
	copy(f.node.data[off:], p)
	f.node.touch(off, int64(len(p)))
	return len(p), nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.alive(); err != nil {
		return err
	}
	f.node.resize(size)
	return nil
}

func (f *file) Allocate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.grow(f.node, size); err != nil {
		return f.error("fallocate", err)
	}
	if size > int64(len(f.node.data)) {
		f.node.resize(size)
	}
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.alive(); err != nil {
		return err
	}
	if f.fs.failSync != nil {
		if err := f.fs.failSync(f.name); err != nil {
			clear(f.node.dirty)
			return f.error("sync", err)
		}
	}
	f.node.sync()
	return nil
}

func (f *file) error(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}
