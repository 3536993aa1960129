package vfs

import (
	"io"
	"os"
	"path/filepath"
)

// TempSuffix ends the names of files that are still being written; what a
// crash leaves of them may be removed.
const TempSuffix = ".tmp"

// Replace gives name the content that write writes: whole and durable when it
// returns without an error, and before that as it was.
func Replace(fsys FS, name string, write func(f File) error) error {
	tmp := name + TempSuffix
	if err := writeNew(fsys, tmp, write); err != nil {
		fsys.Remove(tmp)
		return err
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

func writeNew(fsys FS, name string, write func(f File) error) error {
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// ReadFile is the whole content of a file, which must not be longer than
// limit bytes.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, limit))
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}
