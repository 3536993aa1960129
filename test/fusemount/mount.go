// Package fusemount lets the kernel use a file system of package vfs as any
// other, by FUSE: so the disks that the tests of the journal simulate can be
// put under the real agent.
//
// The kernel caches nothing: each call of a program is one of the vfs.FS. It is
// served by the test's own process, with which the mount dies.
package fusemount

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/vfs"
)

const (
	device = "/dev/fuse"
	// maxRequest is the most that a read or write request carries: the kernel
	// cuts larger calls.
	maxRequest = 128 << 10
	// pollProbe is the file by which go-fuse learns of FUSE_POLL, to refuse it:
	// Go's runtime must not wait for its own process when it opens a file.
	pollProbe = ".go-fuse-epoll-hack"
)

// Mount is a mounted file system.
type Mount struct {
	tb  testing.TB
	dir string
}

// On mounts fsys on dir, in private mounts (testkit.PrivateMounts), and skips
// the test on a machine without FUSE. The root of fsys is "/". All processes
// that use the mount must have ended when the test does.
func On(tb testing.TB, dir string, fsys vfs.FS) *Mount {
	tb.Helper()
	if _, err := os.Stat(device); errors.Is(err, os.ErrNotExist) {
		tb.Skipf("this machine has no FUSE: %v", err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), mount(dir, fsys)); err != nil {
		tb.Fatalf("mount a file system of the test's on %s: %v", dir, err)
	}
	m := &Mount{tb, dir}
	tb.Cleanup(m.End)
	return m
}

// End unmounts. It does nothing when that was done before.
func (m *Mount) End() {
	m.tb.Helper()
	if m.dir == "" {
		return
	}
	if err := unix.Unmount(m.dir, unix.MNT_DETACH); err != nil {
		m.tb.Errorf("unmount %s: %v", m.dir, err)
	}
	m.dir = ""
}

// mount does itself what go-fuse's direct mount does, but for a descriptor
// that no child inherits: it would keep requests waiting when the test is dead.
func mount(dir string, fsys vfs.FS) error {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: device, Err: err}
	}
	options := fmt.Sprintf("fd=%d,rootmode=%o,user_id=0,group_id=0,max_read=%d", fd, unix.S_IFDIR, maxRequest)
	if err := unix.Mount("test", dir, "fuse.test", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(fd)
		return err
	}
	if err := serve(fd, fsys); err != nil {
		return errors.Join(err, unix.Unmount(dir, unix.MNT_DETACH))
	}
	return refusePolling(dir)
}

// serve answers requests until the file system is unmounted.
func serve(fd int, fsys vfs.FS) error {
	var never time.Duration
	o := &gofs.Options{EntryTimeout: &never, AttrTimeout: &never, NegativeTimeout: &never}
	o.MountOptions = fuse.MountOptions{MaxWrite: maxRequest, DisableXAttrs: true, DisableReadDirPlus: true}
	server, err := fuse.NewServer(gofs.NewNodeFS(&node{fsys: fsys}, o), fmt.Sprintf("/dev/fd/%d", fd), &o.MountOptions)
	if err != nil {
		return err
	}
	go server.Serve()
	return nil
}

func refusePolling(dir string) error {
	fd, err := unix.Open(filepath.Join(dir, pollProbe), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return errors.Join(err, unix.Close(fd))
}
