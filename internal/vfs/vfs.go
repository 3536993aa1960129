// Package vfs is the one small file-system interface through which everything
// that must survive a crash reaches the disk. It has only what the journal,
// its cursors and the checkpoint need, so that a test can stand in for the
// disk and lose exactly what a power failure may lose (package crashfs).
package vfs

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a file system. Names are paths as package os takes them. What a call
// did is on stable storage only after the Sync of the file (its bytes and
// size) or the SyncDir of the directory (its names).
type FS interface {
	// OpenFile opens name; flag and perm are those of os.OpenFile.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// MkdirAll makes a directory with all that lead to it, and makes their
	// names durable.
	MkdirAll(name string, perm fs.FileMode) error
	// Remove unlinks a file.
	Remove(name string) error
	// Rename gives a file another name in one step, replacing what had it.
	Rename(oldName, newName string) error
	// ReadDir lists a directory in the order of names.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat describes a file.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Space is what the file system of dir has left for this process, and all
	// of it, in bytes.
	Space(dir string) (free, total uint64, err error)
	// Lock takes a file as an exclusive lock and writes the process id into
	// it. It does not wait: a lock that another process holds is ErrLocked.
	// The lock ends with Close or with the process.
	Lock(name string) (io.Closer, error)
}

// File is an open file. It has no position: all reading and writing names an
// offset, so that readers and one writer may share it.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Sync puts the file's bytes and size on stable storage. After an error
	// nothing is known of the bytes written since the last Sync, and another
	// Sync does not tell either: Linux marks the pages clean.
	Sync() error
	// Truncate sets the size.
	Truncate(size int64) error
	// Allocate makes the file at least size bytes long and gives it the blocks
	// for them, so that writing there needs no more space.
	Allocate(size int64) error
	// Size is the current size.
	Size() (int64, error)
	// Name is the name that the file was opened by.
	Name() string
	io.Closer
}

// ErrLocked is returned by Lock when another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")
