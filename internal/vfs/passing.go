package vfs

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Passing is OS for those who read much and once: what they read does not push
// out of the page cache what others use. Linux 6.3 and later do so for a file
// with POSIX_FADV_NOREUSE, earlier ones ignore it (posix_fadvise(2)).
type Passing struct{ OS }

// OpenFile implements FS.
func (p Passing) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := p.OS.OpenFile(name, flag, perm)
	if o, ok := f.(osFile); ok && err == nil {
		// An advice that is not taken changes nothing.
		_ = unix.Fadvise(int(o.Fd()), 0, 0, unix.FADV_NOREUSE)
	}
	return f, err
}
