package testkit

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// PrivateMounts gives the test's goroutine, and the processes that it starts,
// mounts that nobody else sees and that end with the test, however it ends. It
// skips a test that may not mount. Subtests do not see the mounts.
func PrivateMounts(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("mounting needs root")
	}
	// Without an unlock the thread, and with it the namespace, ends with the
	// goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		tb.Skipf("this machine forbids mount namespaces: %v", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		tb.Fatal(err)
	}
}

// Tmpfs mounts a file system in memory on dir, in private mounts. Options are
// those of mount, such as size=1m.
func Tmpfs(tb testing.TB, dir, options string) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		tb.Fatalf("mount a tmpfs: %v", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
}

// Fill takes all the space that a file system has left, with the file name,
// and leaves free of it. Others may write meanwhile.
func Fill(tb testing.TB, name string, free int64) {
	tb.Helper()
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	Eventually(tb, "the file system is full", func() (bool, string) {
		var st unix.Statfs_t
		if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
			tb.Fatal(err)
		}
		own, err := f.Seek(0, io.SeekEnd)
		size := int64(st.Bavail)*st.Bsize - free
		if err != nil || size <= 0 {
			return err == nil, "it cannot be measured"
		}
		err = unix.Fallocate(int(f.Fd()), 0, own, size)
		return err == nil, fmt.Sprintf("taking %d bytes: %v", size, err)
	})
}
