package errfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// block is a page of tmpfs, and what one write of the tests has.
const block = 4096

// probe makes each call that a disk in trouble may refuse, and says what came
// of it. before is called when the files are there and the trouble is not.
func probe(fsys vfs.FS, dir string, before func()) string {
	in := func(name string) string { return filepath.Join(dir, name) }
	old := file(fsys, in("old"), os.O_RDWR|os.O_CREATE)
	old.WriteAt(make([]byte, block), 0)
	file(fsys, in("victim"), os.O_RDWR|os.O_CREATE).Close()
	before()
	var said []string
	say := func(call string, err error) { said = append(said, fmt.Sprintf("%s: %s", call, name(err))) }
	n, err := old.WriteAt(make([]byte, block), 0)
	say(fmt.Sprintf("overwrite %d", n), err)
	n, err = old.WriteAt(bytes.Repeat([]byte{1}, 4*block), block)
	say(fmt.Sprintf("extend by %t", n == 4*block), err)
	say("allocate", old.Allocate(64*block))
	say("truncate", old.Truncate(block))
	say("sync", old.Sync())
	n, err = old.ReadAt(make([]byte, block), 0)
	say(fmt.Sprintf("read %d", n), err)
	old.Close()
	_, err = fsys.OpenFile(in("old"), os.O_RDWR, 0)
	say("open to write", err)
	say("rename", fsys.Rename(in("old"), in("new")))
	say("sync directory", fsys.SyncDir(dir))
	say("remove", fsys.Remove(in("victim")))
	return strings.Join(said, "\n")
}

func file(fsys vfs.FS, name string, flag int) vfs.File {
	f, err := fsys.OpenFile(name, flag, 0o640)
	if err != nil {
		panic(err)
	}
	return f
}

// name is an error's number.
func name(err error) string {
	var errno syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}

// TestFullDiskIsTheKernels compares the injected full disk with a tmpfs that
// another file fills.
func TestFullDiskIsTheKernels(t *testing.T) {
	dir := tmpfs(t)
	want := probe(vfs.OS{}, dir, func() { testkit.Fill(t, filepath.Join(dir, "filler"), 0) })

	disk := New(crashfs.New())
	got := probe(disk, "/", func() { disk.Inject(Full()) })
	if got != want {
		t.Errorf("errfs says\n%s\nand the kernel\n%s", got, want)
	}
	if !strings.Contains(want, "extend by false: no space left on device") {
		t.Errorf("the tmpfs was not full:\n%s", want)
	}
}

// TestReadOnlyDiskIsTheKernels compares the injected read-only disk with a
// tmpfs that was mounted again to be read only. The kernel does that to nothing
// that has a file open for writing, so only names are changed here.
func TestReadOnlyDiskIsTheKernels(t *testing.T) {
	dir := tmpfs(t)
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	want := names(vfs.OS{}, dir)

	disk := New(crashfs.New())
	file(disk, "/old", os.O_RDWR|os.O_CREATE).Close()
	disk.Inject(ReadOnly())
	if got := names(disk, "/"); got != want {
		t.Errorf("errfs says\n%s\nand the kernel\n%s", got, want)
	}
	if !strings.Contains(want, "create: read-only file system") {
		t.Errorf("the tmpfs was not read-only:\n%s", want)
	}
}

// names makes the calls that change names.
func names(fsys vfs.FS, dir string) string {
	in := func(name string) string { return filepath.Join(dir, name) }
	_, reading := fsys.OpenFile(in("old"), os.O_RDONLY, 0)
	_, writing := fsys.OpenFile(in("old"), os.O_RDWR, 0)
	_, creating := fsys.OpenFile(in("new"), os.O_RDWR|os.O_CREATE, 0o640)
	var said []string
	for _, c := range []struct {
		call string
		err  error
	}{
		{"open to read", reading}, {"open to write", writing}, {"create", creating},
		{"mkdir", fsys.MkdirAll(in("sub"), 0o750)},
		{"rename", fsys.Rename(in("old"), in("other"))},
		{"remove", fsys.Remove(in("old"))},
		{"sync directory", fsys.SyncDir(dir)},
	} {
		said = append(said, c.call+": "+name(c.err))
	}
	return strings.Join(said, "\n")
}

// tmpfs is a small file system of the kernel's.
func tmpfs(t *testing.T) (dir string) {
	t.Helper()
	testkit.PrivateMounts(t)
	dir = t.TempDir()
	testkit.Tmpfs(t, dir, "size=256k")
	return dir
}

func TestFaultsHitTheCallsThatTheyChoose(t *testing.T) {
	disk := New(crashfs.New())
	f := file(disk, "/a.log", os.O_RDWR|os.O_CREATE)
	fault := disk.Inject(Fault{Calls: []Call{Extend}, Name: "a.log", After: 1, Times: 2, Err: syscall.EIO, Short: true})
	var got []int
	for range 4 {
		size, _ := f.Size()
		n, _ := f.WriteAt(make([]byte, 10), size)
		got = append(got, n)
	}
	if !slices.Equal(got, []int{10, 5, 5, 10}) || fault.Fired() != 2 {
		t.Errorf("writes put down %d bytes, and the fault fired %d times", got, fault.Fired())
	}
	if _, err := f.WriteAt([]byte("in place"), 0); err != nil {
		t.Error(err)
	}
	if n, err := f.ReadAt(make([]byte, 100), 0); n != 30 || err != io.EOF {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
	if disk.Count() != 7 {
		t.Errorf("%d calls were counted; want one open, five writes and a read", disk.Count())
	}
}

func TestStallsDelayAndEndLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := New(crashfs.New())
		f := file(disk, "/a", os.O_RDWR|os.O_CREATE)
		stall := disk.Inject(Fault{Calls: []Call{Sync}, Stall: 30 * time.Second})
		begun := time.Now()
		if err := f.Sync(); err != nil || time.Since(begun) != 30*time.Second {
			t.Errorf("Sync = %v after %s", err, time.Since(begun))
		}
		stall.End()
		begun = time.Now()
		if err := f.Sync(); err != nil || time.Since(begun) != 0 {
			t.Errorf("after the fault Sync = %v after %s", err, time.Since(begun))
		}
	})
}
