package crashfs

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
)

func write(t *testing.T, fsys vfs.FS, name, text string, at int64) vfs.File {
	t.Helper()
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(text), at); err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	b, err := vfs.ReadFile(fsys, name, 1<<20)
	if errors.Is(err, os.ErrNotExist) {
		return "missing"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCrashKeepsExactlyWhatWasSynced(t *testing.T) {
	fsys := New()
	f := write(t, fsys, "/a", "synced", 0)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, fsys.Crash(LoseAll, 0), "/a"); got != "missing" {
		t.Errorf("without a sync of the directory the file is %q", got)
	}

	fsys = New()
	f = write(t, fsys, "/a", "synced", 0)
	f.Sync()
	fsys.SyncDir("/")
	f.WriteAt([]byte("SYNCED and more"), 0)
	fsys.Rename("/a", "/b")
	if got := read(t, fsys.Crash(LoseAll, 0), "/a"); got != "synced" {
		t.Errorf("the file is %q, want what was synced under its old name", got)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, ErrCrashed) {
		t.Errorf("writing after the crash: %v", err)
	}
}

func TestKilledProcessLosesNothingUntilThePowerFails(t *testing.T) {
	fsys := New()
	write(t, fsys, "/a", "in memory", 0)
	killed := fsys.Crash(LoseNothing, 0)
	if got := read(t, killed, "/a"); got != "in memory" {
		t.Errorf("after a kill the file is %q", got)
	}
	if got := read(t, killed.Crash(LoseAll, 0), "/a"); got != "missing" {
		t.Errorf("after a kill and a power failure the file is %q", got)
	}
}

func TestFailedSyncCannotBeRepeated(t *testing.T) {
	fsys := New()
	f := write(t, fsys, "/a", "lost", 0)
	fsys.SyncDir("/")
	fsys.FailSyncs(func(string) error { return syscall.EIO })
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v", err)
	}
	fsys.FailSyncs(nil)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, fsys, "/a"); got != "lost" {
		t.Errorf("before the crash the file reads %q", got)
	}
	if got := read(t, fsys.Crash(LoseAll, 0), "/a"); got != "\x00\x00\x00\x00" {
		t.Errorf("after the crash the file reads %q, want zeros", got)
	}
}

func TestHeadsAreKeptAndPayloadsLost(t *testing.T) {
	fsys := New()
	write(t, fsys, "/a", strings.Repeat("x", 3*blockSize), 0)
	want := strings.Repeat("x", blockSize) + strings.Repeat("\x00", 2*blockSize)
	if got := read(t, fsys.Crash(KeepHeads, 0), "/a"); got != want {
		t.Errorf("the file has %d of %d bytes x", strings.Count(got, "x"), len(got))
	}
}

func TestLoseSomeIsRepeatable(t *testing.T) {
	outcomes := map[string]bool{}
	for seed := range uint64(40) {
		content := func() string {
			fsys := New()
			write(t, fsys, "/a", strings.Repeat("x", 2*blockSize), 0)
			return read(t, fsys.Crash(LoseSome, seed), "/a")
		}
		first := content()
		if again := content(); first != again {
			t.Fatalf("seed %d gives two outcomes", seed)
		}
		outcomes[first] = true
	}
	if len(outcomes) < 4 || !outcomes["missing"] {
		t.Errorf("40 seeds give only %d outcomes", len(outcomes))
	}
}

func TestFullDisk(t *testing.T) {
	fsys := New()
	fsys.SetLimit(10)
	f := write(t, fsys, "/a", "12345678", 0)
	if _, err := f.WriteAt([]byte("123"), 8); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing the 11th byte: %v", err)
	}
	if free, total, _ := fsys.Space("/"); free != 2 || total != 10 {
		t.Errorf("Space = %d of %d", free, total)
	}
}
