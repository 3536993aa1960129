package fusemount

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// mounted is a simulated disk that the kernel uses, below dir.
func mounted(t *testing.T) (dir string, disk *crashfs.FS, faults *errfs.FS) {
	t.Helper()
	testkit.PrivateMounts(t)
	dir, disk = t.TempDir(), crashfs.New()
	faults = errfs.New(disk)
	On(t, dir, faults)
	return dir, disk, faults
}

func write(t *testing.T, name, text string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	b, err := vfs.ReadFile(fsys, name, 8<<20)
	if errors.Is(err, os.ErrNotExist) {
		return "missing"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestKernelUsesItAsAnyFileSystem: what the calls of a program do is what they
// do anywhere.
func TestKernelUsesItAsAnyFileSystem(t *testing.T) {
	dir, disk, _ := mounted(t)
	sub := filepath.Join(dir, "a", "b")
	must(t, vfs.OS{}.MkdirAll(sub, 0o750))
	large := strings.Repeat("0123456789abcdef", 200<<10)
	f := write(t, filepath.Join(sub, "f.tmp"), large)
	must(t, os.Rename(filepath.Join(sub, "f.tmp"), filepath.Join(sub, "f")))
	if got := content(t, disk, "/a/b/f"); got != large {
		t.Errorf("the file has %d of %d bytes", len(got), len(large))
	}
	if got := content(t, vfs.OS{}, filepath.Join(sub, "f")); got != large {
		t.Errorf("%d of %d bytes are read", len(got), len(large))
	}
	must(t, f.Truncate(3), os.WriteFile(filepath.Join(sub, "g"), []byte("first"), 0o640), os.WriteFile(filepath.Join(sub, "g"), []byte("2"), 0o640))
	if f, g := content(t, disk, "/a/b/f"), content(t, disk, "/a/b/g"); f != "012" || g != "2" {
		t.Errorf("truncated, they are %q and %q", f, g)
	}
	var names []string
	entries, err := os.ReadDir(sub)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"f", "g"}) {
		t.Errorf("the directory has %q", names)
	}
	must(t, os.Remove(filepath.Join(sub, "f")))
	if st, err := f.Stat(); err != nil || st.Size() != 3 {
		t.Errorf("without a name it is %v, %v", st, err)
	}
	if _, err := os.Stat(filepath.Join(sub, "f")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestOnlySyncedContentSurvivesPowerLoss: an fsync of a program reaches the
// simulated disk, and nothing else does what it does.
func TestOnlySyncedContentSurvivesPowerLoss(t *testing.T) {
	dir, disk, _ := mounted(t)
	f := write(t, filepath.Join(dir, "f"), "synced")
	must(t, f.Sync())
	if got := content(t, disk.Left(crashfs.LoseAll, 0), "/f"); got != "missing" {
		t.Errorf("without a sync of its directory it is %q", got)
	}
	must(t, vfs.OS{}.SyncDir(dir))
	_, err := f.WriteAt([]byte("SYNCED and more"), 0)
	must(t, err)
	left := disk.Crash(crashfs.LoseAll, 0)
	if got := content(t, left, "/f"); got != "synced" {
		t.Errorf("what is left is %q", got)
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("an fsync without power: %v", err)
	}
}

// TestFaultsReachTheProgram: it sees the errno, the short write, and the space
// that is left.
func TestFaultsReachTheProgram(t *testing.T) {
	dir, disk, faults := mounted(t)
	f := write(t, filepath.Join(dir, "f"), "")
	once := faults.Inject(errfs.Fault{Calls: []errfs.Call{errfs.Sync}, Times: 1, Err: syscall.EIO})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) || once.Fired() != 1 {
		t.Errorf("fsync: %v", err)
	}
	must(t, f.Sync())
	full := faults.Inject(errfs.Full())
	if n, err := syscall.Pwrite(int(f.Fd()), []byte("12345678"), 0); n != 4 || err != nil {
		t.Errorf("a short write: %d, %v", n, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "g"), nil, 0o640); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a new file on a full disk: %v", err)
	}
	full.End()
	disk.SetLimit(1 << 20)
	if free, total, err := (vfs.OS{}).Space(dir); err != nil || total != 1<<20 || free >= total {
		t.Errorf("Space = %d of %d, %v", free, total, err)
	}
}
