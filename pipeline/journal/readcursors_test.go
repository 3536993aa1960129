package journal

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/vfs"
)

// TestCursorsAreReadBesideTheAgent: their files say what the cursors do, while
// the journal is open, and an unreadable one hides none of the others.
func TestCursorsAreReadBesideTheAgent(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	defer j.Close()
	var want []CursorStats
	var cursors []*Cursor
	for _, name := range []string{"console", "elasticsearch/eu"} {
		c, err := j.Cursor(name, CursorOptions{StartAtBeginning: true})
		if err != nil {
			t.Fatal(err)
		}
		cursors = append(cursors, c)
	}
	appendAll(t, j, sample{docs: 3, tag: "a"}, sample{docs: 4, tag: "b"})
	for range 2 { // until both are durable
		if _, err := cursors[0].Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := cursors[1].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := cursors[1].Advance(f, Result{Delivered: 3}); err != nil {
		t.Fatal(err)
	}
	for _, c := range cursors {
		want = append(want, c.Stats())
	}

	r := NewReader(vfs.OS{}, dir)
	got, err := r.Cursors(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		// The agent knows when the segment began, the files when the frame did.
		got[i].Oldest, want[i].Oldest = 0, 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures of the cursors (-) and of their files (+) differ:\n%s", diff)
	}

	if err := os.WriteFile(cursorPath(dir, "broken"), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err = r.Cursors(context.Background())
	if err == nil || len(got) != 3 || got[2].Position != 1 {
		t.Errorf("beside a broken file: %d cursors, %v", len(got), err)
	}
	if got, err := NewReader(vfs.OS{}, filepath.Join(dir, "none")).Cursors(context.Background()); err != nil || len(got) != 0 {
		t.Errorf("without a journal: %v, %v", got, err)
	}
}
