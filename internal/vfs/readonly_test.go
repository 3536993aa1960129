package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestReadOnly: nothing that is asked of it changes a file.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	ro := ReadOnly(OS{})
	f, err := ro.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, write := f.WriteAt([]byte("x"), 0)
	_, lock := ro.Lock(filepath.Join(dir, "lock"))
	for what, err := range map[string]error{
		"write": write, "truncate": f.Truncate(0), "allocate": f.Allocate(1 << 20), "remove": ro.Remove(name),
		"rename": ro.Rename(name, name+"2"), "lock": lock,
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := errors.Join(f.Sync(), ro.SyncDir(dir), ro.MkdirAll(filepath.Join(dir, "sub"), 0o700)); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "kept" {
		t.Errorf("the file is %q, %v", b, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("the folder has %d entries", len(all))
	}
}
