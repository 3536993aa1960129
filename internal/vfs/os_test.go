package vfs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockIsHeldByOneAndNamesItsHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	held, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OS{}.Lock(name)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process") {
		t.Errorf("the second Lock = %v", err)
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
