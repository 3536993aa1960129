package journal

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
)

// later makes the file of a value that a later version has written, and
// returns what says whether it is still as it was.
func later(t *testing.T, name string) (unchanged func() bool) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := slot.Create(vfs.OS{}, name, 100, []byte(`{"version":2,"position":[7],"results":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		after, err := os.ReadFile(name)
		return err == nil && bytes.Equal(before, after)
	}
}

func TestStateOfALaterVersionIsRefusedAndKept(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		open func(dir string) error
	}{
		"cursor": {filepath.Join(cursorDir, "x"+cursorSuffix), func(dir string) error {
			_, err := open(t, Options{Dir: dir}).Cursor("x", CursorOptions{})
			return err
		}},
		"cursor, by a reader": {filepath.Join(cursorDir, "x"+cursorSuffix), func(dir string) error {
			_, err := NewReader(vfs.OS{}, dir).Cursors(t.Context())
			return err
		}},
		"store": {stateName, func(dir string) error {
			_, err := OpenStore(StoreOptions{FS: vfs.OS{}, Dir: dir, Quota: 1 << 20, Owner: ByContainer, Logger: slog.New(slog.DiscardHandler)})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unchanged := later(t, filepath.Join(dir, c.file))
			if err := c.open(dir); !errors.Is(err, slot.ErrVersion) {
				t.Errorf("opened with %v, want a word about the version", err)
			}
			if !unchanged() {
				t.Error("the file was changed")
			}
		})
	}
}
