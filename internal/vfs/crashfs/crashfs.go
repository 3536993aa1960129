// Package crashfs is a file system in memory that can lose power. It records
// which blocks of files and which names in directories were synced; Crash
// gives the file system that the next start would find.
//
// Of what was not synced a real disk may keep anything: see Loss. A directory
// made by MkdirAll is durable at once, as vfs.FS has it.
package crashfs

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
)

// ErrCrashed is the result of every operation after the power is gone.
var ErrCrashed = errors.New("crashfs: the power is gone")

// FS is a file system. The zero value is not usable: see New.
type FS struct {
	mu    sync.Mutex
	dirs  map[string]*directory
	locks map[string]bool
	dead  bool
	// limit is the size of the disk in bytes, 0 without one.
	limit int64
	// failSync is asked before a file is synced.
	failSync func(name string) error
}

// New is an empty file system.
func New() *FS {
	return &FS{dirs: map[string]*directory{"/": newDirectory()}, locks: map[string]bool{}}
}

// SetLimit sets the size of the disk: what does not fit is ENOSPC.
func (f *FS) SetLimit(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = bytes
}

// FailSyncs makes the Sync of files fail with what fail returns. As on Linux,
// what was to be synced then counts as clean: it can still be read, a later
// Sync does not write it, and a crash loses it.
func (f *FS) FailSyncs(fail func(name string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failSync = fail
}

// Kill ends the file system: operations fail from now on.
func (f *FS) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// Corrupt flips the bits of mask in one byte of a file, on disk and in memory.
func (f *FS) Corrupt(name string, at int64, mask byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base := f.split(name)
	n := d.entries[base]
	n.data[at] ^= mask
	n.stable[at] ^= mask
}

// split finds the directory of a name; nil when there is none.
func (f *FS) split(name string) (*directory, string) {
	return f.dirs[filepath.Dir(filepath.Clean(name))], filepath.Base(name)
}

// lookup finds a file.
func (f *FS) lookup(op, name string) (*directory, string, *node, error) {
	if f.dead {
		return nil, "", nil, ErrCrashed
	}
	d, base := f.split(name)
	if d == nil || d.entries[base] == nil {
		return d, base, nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return d, base, d.entries[base], nil
}

// OpenFile implements vfs.FS.
func (f *FS) OpenFile(name string, flag int, _ fs.FileMode) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, n, err := f.lookup("open", name)
	switch {
	case n != nil && flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n == nil && (d == nil || flag&os.O_CREATE == 0):
		return nil, err
	case n == nil:
		n = newNode()
		d.link(base, n)
	case flag&os.O_TRUNC != 0:
		n.resize(0)
	}
	return &file{f, n, name}, nil
}

// MkdirAll implements vfs.FS.
func (f *FS) MkdirAll(name string, _ fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return ErrCrashed
	}
	for dir := filepath.Clean(name); f.dirs[dir] == nil; dir = filepath.Dir(dir) {
		f.dirs[dir] = newDirectory()
	}
	return nil
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, _, err := f.lookup("remove", name)
	if err != nil {
		return err
	}
	d.unlink(base)
	return nil
}

// Rename implements vfs.FS, within one directory.
func (f *FS) Rename(oldName, newName string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, _, err := f.lookup("rename", oldName)
	if err != nil {
		return err
	}
	if filepath.Dir(oldName) != filepath.Dir(newName) {
		return &fs.PathError{Op: "rename", Path: newName, Err: syscall.EXDEV}
	}
	d.rename(base, filepath.Base(newName))
	return nil
}

// ReadDir implements vfs.FS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	d := f.dirs[name]
	if f.dead || d == nil {
		return nil, f.missing("readdir", name)
	}
	var list []fs.DirEntry
	for base, n := range d.entries {
		list = append(list, fs.FileInfoToDirEntry(info{base, int64(len(n.data)), 0o640}))
	}
	for dir := range f.dirs {
		if dir != name && filepath.Dir(dir) == name {
			list = append(list, fs.FileInfoToDirEntry(info{filepath.Base(dir), 0, fs.ModeDir | 0o750}))
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (f *FS) missing(op, name string) error {
	if f.dead {
		return ErrCrashed
	}
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dirs[filepath.Clean(name)] != nil && !f.dead {
		return info{filepath.Base(name), 0, fs.ModeDir | 0o750}, nil
	}
	_, base, n, err := f.lookup("stat", name)
	if err != nil {
		return nil, err
	}
	return info{base, int64(len(n.data)), 0o640}, nil
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.dirs[filepath.Clean(name)]
	if f.dead || d == nil {
		return f.missing("sync", name)
	}
	d.sync()
	return nil
}

// Space implements vfs.FS.
func (f *FS) Space(string) (free, total uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limit == 0 {
		return 1 << 40, 1 << 40, nil
	}
	return uint64(max(0, f.limit-f.used())), uint64(f.limit), nil
}

func (f *FS) used() (n int64) {
	for _, d := range f.dirs {
		for _, file := range d.entries {
			n += int64(len(file.data))
		}
	}
	return n
}

// grow says whether a file may become size bytes long.
func (f *FS) grow(n *node, size int64) error {
	if f.dead {
		return ErrCrashed
	}
	if f.limit > 0 && size > int64(len(n.data)) && f.used()+size-int64(len(n.data)) > f.limit {
		return syscall.ENOSPC
	}
	return nil
}

// Lock implements vfs.FS.
func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[name] {
		return nil, vfs.ErrLocked
	}
	f.locks[name] = true
	return lock{f, name}, nil
}

type lock struct {
	fs   *FS
	name string
}

func (l lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locks, l.name)
	return nil
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
