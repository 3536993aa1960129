package vfs

import (
	"io"
	"io/fs"
	"os"
)

// ReadOnly is fsys for those that look at the files of a running agent: what
// would change something does nothing and is fs.ErrPermission, but for making
// durable what is there, which is left to the agent and is no error.
func ReadOnly(fsys FS) FS { return readOnly{fsys} }

type readOnly struct{ FS }

func (r readOnly) OpenFile(name string, _ int, _ fs.FileMode) (File, error) {
	f, err := r.FS.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return readOnlyFile{f}, nil
}

// MkdirAll is no error, since those who open a store make sure of its folder.
func (readOnly) MkdirAll(string, fs.FileMode) error { return nil }
func (readOnly) Remove(string) error                { return fs.ErrPermission }
func (readOnly) Rename(string, string) error        { return fs.ErrPermission }
func (readOnly) SyncDir(string) error               { return nil }
func (readOnly) Lock(string) (io.Closer, error)     { return nil, fs.ErrPermission }

type readOnlyFile struct{ File }

func (readOnlyFile) WriteAt([]byte, int64) (int, error) { return 0, fs.ErrPermission }
func (readOnlyFile) Truncate(int64) error               { return fs.ErrPermission }
func (readOnlyFile) Allocate(int64) error               { return fs.ErrPermission }
func (readOnlyFile) Sync() error                        { return nil }
