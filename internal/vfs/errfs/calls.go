package errfs

import (
	"errors"
	"io/fs"
	"os"

	"github.com/tailrace/tailrace/internal/vfs"
)

// OpenFile implements vfs.FS.
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (file vfs.File, err error) {
	err = f.do(f.opening(name, flag), "open", name, func() error {
		file, err = f.FS.OpenFile(name, flag, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &openFile{file, f}, nil
}

// opening is the kind of an OpenFile.
func (f *FS) opening(name string, flag int) Call {
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return OpenRead
	}
	if _, err := f.FS.Stat(name); flag&os.O_CREATE != 0 && errors.Is(err, fs.ErrNotExist) {
		return Create
	}
	return OpenWrite
}

// MkdirAll implements vfs.FS. A directory that there is needs nothing.
func (f *FS) MkdirAll(name string, perm fs.FileMode) error {
	if _, err := f.FS.Stat(name); err == nil {
		return nil
	}
	return f.do(Mkdir, "mkdir", name, func() error { return f.FS.MkdirAll(name, perm) })
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	return f.do(Remove, "remove", name, func() error { return f.FS.Remove(name) })
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldName, newName string) error {
	return f.do(Rename, "rename", newName, func() error { return f.FS.Rename(oldName, newName) })
}

// ReadDir implements vfs.FS.
func (f *FS) ReadDir(name string) (list []fs.DirEntry, err error) {
	err = f.do(List, "readdir", name, func() error {
		list, err = f.FS.ReadDir(name)
		return err
	})
	return list, err
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (info fs.FileInfo, err error) {
	err = f.do(Stat, "stat", name, func() error {
		info, err = f.FS.Stat(name)
		return err
	})
	return info, err
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) error {
	return f.do(SyncDir, "fsync", name, func() error { return f.FS.SyncDir(name) })
}

// openFile is an open file of an FS.
type openFile struct {
	vfs.File
	fs *FS
}

// ReadAt implements io.ReaderAt.
func (f *openFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do(Read, "read", f.Name(), func() error {
		n, err = f.File.ReadAt(p, off)
		return err
	})
	return n, err
}

// WriteAt implements io.WriterAt.
func (f *openFile) WriteAt(p []byte, off int64) (int, error) {
	fault := f.fs.choose(f.writing(int64(len(p)), off), f.Name())
	err := fault.answer("write", f.Name())
	if err == nil {
		return f.File.WriteAt(p, off)
	}
	if !fault.Short {
		return 0, err
	}
	n, failed := f.File.WriteAt(p[:len(p)/2], off)
	return n, errors.Join(failed, err)
}

// writing is the kind of a write.
func (f *openFile) writing(n, off int64) Call {
	if size, err := f.Size(); err == nil && off+n <= size {
		return Overwrite
	}
	return Extend
}

// Sync implements vfs.File.
func (f *openFile) Sync() error { return f.fs.do(Sync, "fsync", f.Name(), f.File.Sync) }

// Truncate implements vfs.File.
func (f *openFile) Truncate(size int64) error {
	return f.fs.do(Truncate, "truncate", f.Name(), func() error { return f.File.Truncate(size) })
}

// Allocate implements vfs.File. A file that is long enough needs nothing.
func (f *openFile) Allocate(size int64) error {
	if have, err := f.Size(); err == nil && have >= size {
		return nil
	}
	return f.fs.do(Allocate, "fallocate", f.Name(), func() error { return f.File.Allocate(size) })
}
