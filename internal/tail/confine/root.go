// Package confine opens files beneath a directory for reading and is not led
// out of it: whoever can write log files must not be able to make the agent
// read anything else. Symbolic links are not followed, FIFOs and devices never
// block or answer, hard links and other file systems are refused.
package confine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// openFlags never follow a link in the last component, wait for the other end
// of a FIFO, or make a terminal the process's own.
const openFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// resolve keeps the kernel's path walk beneath the root (openat2(2)).
const resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_SYMLINKS

// Root is a directory that files are opened beneath.
type Root struct {
	path string
	fd   int
	dev  uint64
	// walk is set on kernels (before 5.6) and in sandboxes without openat2.
	walk bool
}

// Refused is why a file is not read although it is there.
type Refused struct{ Reason string }

// Error says it in a sentence's part: "refused: a symbolic link".
func (r *Refused) Error() string { return "refused: " + r.Reason }

// The reasons for which files are refused.
const (
	SymbolicLink = "a symbolic link is in its path"
	NotRegular   = "not a regular file"
	HardLink     = "it has more than one hard link"
	OtherDevice  = "it is on another file system than the root"
	Outside      = "its name leads out of the root"
)

// OpenRoot opens a directory that the user named: links in its own path are
// the administrator's and followed.
func OpenRoot(path string) (*Root, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		_ = unix.Close(fd)
		return nil, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return &Root{path: path, fd: fd, dev: uint64(st.Dev)}, nil
}

// Path is the name under which the root was opened.
func (r *Root) Path() string { return r.path }

// Close gives the directory back; files opened beneath it stay open.
func (r *Root) Close() error { return unix.Close(r.fd) }

// Open opens the regular file of a relative name. The error is a *Refused
// when something is there that must not be read.
func (r *Root) Open(name string) (int, unix.Stat_t, error) {
	var st unix.Stat_t
	// Merely opening a device can have effects, so look first.
	if r.Stat(name, &st) == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, st, irregular(&st)
	}
	fd, err := r.open(name, openFlags)
	if err != nil {
		return -1, st, err
	}
	if err := r.inspect(fd, &st); err != nil {
		_ = unix.Close(fd)
		return -1, st, err
	}
	return fd, st, nil
}

// Inspect says what Open would, as far as the name tells without opening it.
func (r *Root) Inspect(name string, st *unix.Stat_t) error {
	if err := r.Stat(name, st); err != nil {
		return &os.PathError{Op: "stat", Path: name, Err: err}
	}
	return r.judge(st)
}

// inspect looks at what was opened, not at its name: nothing can be swapped
// in between.
func (r *Root) inspect(fd int, st *unix.Stat_t) error {
	if err := unix.Fstat(fd, st); err != nil {
		return fmt.Errorf("fstat: %w", err)
	}
	return r.judge(st)
}

func (r *Root) judge(st *unix.Stat_t) error {
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return irregular(st)
	case st.Nlink > 1:
		return &Refused{HardLink}
	case uint64(st.Dev) != r.dev:
		return &Refused{OtherDevice}
	}
	return nil
}

// Stat describes what a name stands for, without opening it. It is a hint.
func (r *Root) Stat(name string, st *unix.Stat_t) error {
	return unix.Fstatat(r.fd, name, st, unix.AT_SYMLINK_NOFOLLOW)
}

// Born is when what a name stands for was created, ns; 0 where the file system
// does not say.
func (r *Root) Born(name string) int64 { return born(r.fd, name, unix.AT_SYMLINK_NOFOLLOW) }

// Born is the same of an open file.
func Born(fd int) int64 { return born(fd, "", unix.AT_EMPTY_PATH) }

func born(dir int, name string, flags int) int64 {
	var st unix.Statx_t
	if unix.Statx(dir, name, flags, unix.STATX_BTIME, &st) != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}

// Readlink is where a symbolic link points to, as it is written.
func (r *Root) Readlink(name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(r.fd, name, buf)
	return string(buf[:max(n, 0)]), err
}

// TooMany says that a directory has more entries than are listed.
type TooMany struct {
	Name  string
	Limit int
}

func (e *TooMany) Error() string {
	return fmt.Sprintf("%s has more than %d entries, and those beyond are not looked at; remove some", e.Name, e.Limit)
}

// ReadDir lists a directory beneath the root, in no order. Of more than limit
// entries it returns so many, and TooMany.
func (r *Root) ReadDir(name string, limit int) ([]os.DirEntry, error) {
	// Directories never block, and what may block has the Go runtime ask epoll.
	fd, err := r.open(name, openFlags&^unix.O_NONBLOCK|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), name)
	defer dir.Close()
	entries, err := dir.ReadDir(limit + 1)
	switch {
	case errors.Is(err, io.EOF):
		err = nil
	case len(entries) > limit:
		entries, err = entries[:limit], &TooMany{r.Path() + "/" + name, limit}
	}
	return entries, err
}

func (r *Root) open(name string, flags int) (int, error) {
	if !r.walk {
		fd, err := r.openat2(name, flags)
		if err == nil || err != unix.ENOSYS && err != unix.EPERM {
			return fd, explain(name, r.linkOr(err, name))
		}
		r.walk = true
	}
	fd, err := r.walkTo(name, flags)
	return fd, explain(name, err)
}

// openat2 retries while the kernel cannot tell whether a rename elsewhere
// moved the walk out of the root (openat2(2), EAGAIN).
func (r *Root) openat2(name string, flags int) (int, error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: resolve}
	for try := 0; ; try++ {
		fd, err := unix.Openat2(r.fd, name, &how)
		if try == 8 || err != unix.EAGAIN && err != unix.EINTR {
			return fd, err
		}
	}
}

// walkTo goes down component by component without following links: what
// openat2 does, for systems that lack it.
func (r *Root) walkTo(name string, flags int) (int, error) {
	dir := r.fd
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if part == ".." || part == "" {
			closeBelow(dir, r.fd)
			return -1, unix.EXDEV
		}
		how := unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		if i == len(parts)-1 {
			how = flags
		}
		fd, err := unix.Openat(dir, part, how, 0)
		closeBelow(dir, r.fd)
		if err != nil {
			return -1, r.linkOr(err, strings.Join(parts[:i+1], "/"))
		}
		dir = fd
	}
	return dir, nil
}

// linkOr turns ENOTDIR for a link in place of a directory into ELOOP.
func (r *Root) linkOr(err error, name string) error {
	var st unix.Stat_t
	if err == unix.ENOTDIR && r.Stat(name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.ELOOP
	}
	return err
}

func closeBelow(fd, root int) {
	if fd != root {
		_ = unix.Close(fd)
	}
}
