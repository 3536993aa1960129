package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// golden is a state directory as the agent has written it, and what is in it.
// A version that writes another format adds a directory of its own, and goes on
// reading this one or refuses it.
const (
	golden     = "testdata/state-1"
	goldenText = "testdata/state-1.json"
)

// TestStateIsReadAsItWasWritten reads state that was written once, by the
// readers, which change nothing, and as a start does. With -update it is written
// anew, unless it is there: what has been released must be read for good.
func TestStateIsReadAsItWasWritten(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	got, err := json.MarshalIndent(contentOf(t, golden), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(goldenText, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenText)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not read as %s says (-want +got):\n%s", golden, goldenText, diff)
	}
}

// content is all that a state directory says.
type content struct {
	Frames   []frameContent
	Cursors  []journal.CursorStats
	Saved    positions
	Started  positions
	Next     uint64
	Recovery journal.Recovery
	Stores   map[string][]bundleContent
	Figures  map[string][]journal.StoreStats
	Node     string
}

type frameContent struct {
	Segment   string
	Indexed   bool
	Entry     journal.Entry
	Meta      frame.Meta
	Documents []string
}

// positions are what a checkpoint says.
type positions struct {
	Seq     uint64
	Lost    bool
	Totals  checkpoint.Totals
	Entries []checkpoint.Entry
}

type bundleContent struct {
	Owner     string
	Documents []journal.Refused
}

func contentOf(t *testing.T, dir string) *content {
	t.Helper()
	c := &content{Stores: map[string][]bundleContent{}, Figures: map[string][]journal.StoreStats{}}
	c.readFrames(t, filepath.Join(dir, LogsDir))
	for _, name := range []string{DeadLetterDir, ParkDir} {
		c.readStore(t, dir, name)
	}
	found, err := owner.Look(vfs.ReadOnly(vfs.OS{}), dir, "", time.Now())
	if err != nil || !found.NewCopy {
		t.Errorf("the owner of a copy: %+v, %v", found, err)
	}
	c.Node = found.Node
	c.start(t, dir)
	return c
}

func (c *content) readFrames(t *testing.T, dir string) {
	t.Helper()
	r := journal.NewReader(vfs.OS{}, dir)
	segments, err := r.Segments()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		_, err := r.Entries(t.Context(), s, 0, func(e *journal.Entry) error {
			m, payload, err := r.Frame(s, e, nil)
			if err != nil {
				return err
			}
			plain, err := frame.Inflate(nil, payload, m)
			f := frameContent{Segment: s.Name, Indexed: s.Sealed, Entry: *e, Meta: *m}
			for _, d := range frame.Documents(plain) {
				f.Documents = append(f.Documents, string(d.Source))
			}
			c.Frames = append(c.Frames, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if c.Cursors, err = r.Cursors(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (c *content) readStore(t *testing.T, dir, name string) {
	t.Helper()
	err := journal.NewStoreReader(vfs.OS{}, filepath.Join(dir, name)).Each(func(b journal.Bundle, docs []journal.Refused, err error) error {
		c.Stores[name] = append(c.Stores[name], bundleContent{b.Owner(), docs})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start opens a copy of a directory as the agent does.
func (c *content) start(t *testing.T, dir string) {
	t.Helper()
	dir = copyState(t, dir)
	places := openPositions(t, dir)
	defer places.Close()
	c.Saved = positionsIn(places)
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, LogsDir)})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Replay(places.Seq(), func(m *frame.Meta) error { places.Apply(m); return nil }); err != nil {
		t.Fatal(err)
	}
	c.Started = positionsIn(places)
	c.Next, c.Recovery = j.Stats().Next, j.Stats().Recovery
	for name, by := range map[string]func(*journal.Refused) string{DeadLetterDir: journal.ByContainer, ParkDir: journal.ByIndex} {
		s, err := journal.OpenStore(journal.StoreOptions{FS: vfs.OS{}, Dir: filepath.Join(dir, name), Quota: 1 << 20, Owner: by})
		if err != nil {
			t.Fatal(err)
		}
		c.Figures[name] = s.Stats()
		s.Close()
	}
}

func openPositions(t *testing.T, dir string) *checkpoint.Store {
	t.Helper()
	s, err := checkpoint.Open(checkpoint.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, CheckpointDir)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func positionsIn(s *checkpoint.Store) positions {
	return positions{Seq: s.Seq(), Lost: s.Lost(), Totals: s.Totals(), Entries: s.All()}
}

func copyState(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// writeGolden writes the directory by the agent's own means: a sealed segment
// and an open one, positions that are behind it, cursors, and stores.
func writeGolden(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(golden); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is there and must be read for good; only one that no release has written may be removed", golden)
	}
	dir := t.TempDir()
	if _, err := owner.Take(vfs.OS{}, dir, "node-a", time.Now()); err != nil {
		t.Fatal(err)
	}
	places := openPositions(t, dir)
	writeJournal(t, dir, places, 1, 2)
	save(t, places)
	writeJournal(t, dir, places, 3)
	save(t, places)
	writeStores(t, dir)
	writeJournal(t, dir, nil, 4, 5)
	for _, reserve := range []string{DeadLetterDir, ParkDir} {
		if err := os.Remove(filepath.Join(golden, reserve, "reserve")); err != nil {
			t.Fatal(err)
		}
	}
}

func save(t *testing.T, s *checkpoint.Store) {
	t.Helper()
	if _, err := s.Save(); err != nil {
		t.Fatal(err)
	}
}

// writeJournal appends frames in a life of the journal. The last life, in which
// nothing is noted of positions, is left as a crash leaves it.
func writeJournal(t *testing.T, dir string, places *checkpoint.Store, numbers ...int) {
	t.Helper()
	o := journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, LogsDir)}
	o.OnDurable = func(metas []*frame.Meta) {
		for _, m := range metas {
			if places != nil {
				places.Apply(m)
			}
		}
	}
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	c, err := j.Cursor("elasticsearch/a", journal.CursorOptions{StartAtBeginning: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		if err := j.Append(t.Context(), goldenFrame(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if places == nil {
		if err := os.CopyFS(golden, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		return
	}
	pass(t, c)
}

// pass takes a frame from a cursor.
func pass(t *testing.T, c *journal.Cursor) {
	t.Helper()
	f, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(f, journal.Result{Delivered: 1, DeliveredDocs: 1, Dead: 1, DeadDocs: 1, Parked: 2, ParkedDocs: 1}); err != nil {
		t.Fatal(err)
	}
}
