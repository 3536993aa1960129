package vfs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLockIsHeldByOneAndNamesItsHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	before := time.Now().Add(-2 * time.Second)
	held, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OS{}.Lock(name)
	var locked *LockedError
	if !errors.Is(err, ErrLocked) || !errors.As(err, &locked) {
		t.Fatalf("the second Lock = %v", err)
	}
	host, _ := os.Hostname()
	h := locked.Holder
	if h.PID != os.Getpid() || h.Host != host || h.Since.After(time.Now()) || h.Since.Before(before) {
		t.Errorf("the holder is %s", h)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestHolderIsReadAsFarAsItsFileSays(t *testing.T) {
	for content, want := range map[string]string{
		"":                                     "its file does not say which",
		"4711\n":                               "process 4711",
		"4711\n2026-03-05T10:00:00Z\n":         "process 4711, since 2026-03-05T10:00:00Z",
		"4711\n2026-03-05T10:00:00Z\nnode-1\n": "process 4711 on node-1, since 2026-03-05T10:00:00Z",
		"47x\nyesterday\nnode-1\n":             "its file does not say which",
	} {
		if got := ParseHolder(content).String(); got != want {
			t.Errorf("%q: %s, wanted %s", content, got, want)
		}
	}
}

func TestAllocateGivesBlocks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	f, err := OS{}.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Allocate(1 << 20); err != nil {
		t.Fatal(err)
	}
	if size, err := f.Size(); err != nil || size != 1<<20 {
		t.Errorf("Size = %d, %v", size, err)
	}
	out, err := exec.Command("du", "-k", name).Output()
	if err != nil || strings.HasPrefix(string(out), "0\t") {
		t.Errorf("du says %s, %v", out, err)
	}
	if err := f.Allocate(10); err != nil {
		t.Fatal(err)
	}
	if size, _ := f.Size(); size != 1<<20 {
		t.Errorf("allocating less made the file %d bytes long", size)
	}
}

func TestReplaceIsAllOrNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	put := func(text string, err error) error {
		return Replace(OS{}, name, func(f File) error {
			_, werr := f.WriteAt([]byte(text), 0)
			return errors.Join(werr, err)
		})
	}
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("second", errors.New("interrupted")); err == nil {
		t.Error("the error of writing is lost")
	}
	if b, err := ReadFile(OS{}, name, 3); err != nil || string(b) != "fir" {
		t.Errorf("ReadFile = %q, %v", b, err)
	}
	if _, err := os.Stat(name + TempSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}

func TestMkdirAllAndSpace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := (OS{}).MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := (OS{}).SyncDir(dir); err != nil {
		t.Error(err)
	}
	if free, total, err := (OS{}).Space(dir); err != nil || total == 0 || free > total {
		t.Errorf("Space = %d of %d, %v", free, total, err)
	}
}

func TestHookSeesStopsAndSkipsOperations(t *testing.T) {
	dir := t.TempDir()
	var seen []OpKind
	full := errors.New("full")
	fsys := WithHook(OS{}, func(op Op) error {
		seen = append(seen, op.Kind)
		switch op.Kind {
		case OpWrite:
			return full
		case OpSync:
			return ErrSkip
		}
		return nil
	})
	f, err := fsys.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("x"), 0); n != 0 || !errors.Is(err, full) {
		t.Errorf("WriteAt = %d, %v", n, err)
	}
	if size, _ := f.Size(); size != 0 {
		t.Error("the write happened")
	}
	// A skipped operation does not reach the file, which is closed.
	f.Close()
	if err := f.Sync(); err != nil {
		t.Errorf("Sync = %v", err)
	}
	if len(seen) != 3 || seen[0] != OpCreate {
		t.Errorf("the hook saw %v", seen)
	}
}
