package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// damageFile flips a bit.
func damageFile(t *testing.T, name string, at int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// written makes a journal of frames that each were flushed, or all at once,
// and returns the only segment and its entries.
func written(t *testing.T, dir string, frames int, together bool) (segment string, entries []Entry) {
	t.Helper()
	j := open(t, Options{Dir: dir})
	var group []*frame.Sealed
	for i := range frames {
		group = append(group, sample{docs: 2, tag: fmt.Sprint(i), size: 300}.seal())
	}
	if together {
		// A frame before them, and all of them in one group: the appender is
		// held by the journal's lock.
		j.mu.Lock()
		for _, s := range group {
			j.intake.add(s, int64(s.Meta.MetaSize()+len(s.Payload)))
		}
		j.mu.Unlock()
	}
	for _, s := range group {
		if !together {
			if err := j.Append(context.Background(), s); err != nil {
				t.Fatal(err)
			}
			flush(t, j)
		}
	}
	flush(t, j)
	j.Close()
	segment = segmentPath(dir, 1)
	remove(t, indexPath(segment)) // as if the process had been killed
	_, err := walk(j.opts.FS, segment, walkRange{0, 1 << 30, 0}, func(e *Entry) error {
		entries = append(entries, *e)
		return nil
	})
	if err != nil || len(entries) != frames {
		t.Fatalf("%d frames, %v", len(entries), err)
	}
	return segment, entries
}

func TestRecoveryOfBadFrames(t *testing.T) {
	header := func(e *Entry) int64 { return e.Offset + 20 }
	payload := func(e *Entry) int64 { return e.Offset + int64(e.HeaderSize) + 5 }
	cases := []struct {
		name     string
		together bool
		bad      int
		at       func(*Entry) int64
		// kept are the frames that Replay gives, readable those that are left
		// in the segment.
		kept, readable string
		damaged        uint32
		truncated      bool
	}{
		{name: "the last frame was never acknowledged", bad: 5, at: payload, kept: "1 2 3 4", readable: "1 2 3 4", truncated: true},
		{name: "the header of the last frame", bad: 5, at: header, kept: "1 2 3 4", readable: "1 2 3 4", truncated: true},
		{name: "a later frame says that it was durable", bad: 2, at: payload, kept: "1 3 4 5", readable: "1 2 3 4 5", damaged: 1},
		{name: "a later frame says so of a header", bad: 2, at: header, kept: "1 3 4 5", readable: "1 3 4 5", damaged: 1},
		{name: "the first frame", bad: 1, at: header, kept: "2 3 4 5", readable: "2 3 4 5", damaged: 1},
		{name: "no later frame speaks for it", together: true, bad: 2, at: payload, kept: "1", readable: "1", truncated: true},
		{name: "no later frame speaks for a header", together: true, bad: 2, at: header, kept: "1", readable: "1", truncated: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			segment, entries := written(t, dir, 5, c.together)
			damageFile(t, segment, c.at(&entries[c.bad-1]))
			j := open(t, Options{Dir: dir})
			var kept []string
			if err := j.Replay(0, func(m *frame.Meta) error {
				kept = append(kept, fmt.Sprint(m.Seq))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(kept, " "); got != c.kept {
				t.Errorf("replayed %s, want %s", got, c.kept)
			}
			if got := numbers(t, j); got != c.readable {
				t.Errorf("readable %s, want %s", got, c.readable)
			}
			r := j.Stats().Recovery
			if r.Damaged != c.damaged || r.Truncated > 0 != c.truncated {
				t.Errorf("recovery %+v, want %d damaged, truncated %v", r, c.damaged, c.truncated)
			}
		})
	}
}

func TestAnyFlippedBitCostsOneFrameAtMost(t *testing.T) {
	dir := t.TempDir()
	segment, entries := written(t, dir, 4, false)
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 13 {
		for _, leftover := range []string{indexPath(segment), filepath.Join(dir, markerName)} {
			os.Remove(leftover)
		}
		bad := append([]byte(nil), whole...)
		bad[at] ^= 1 << (at % 8)
		if err := os.WriteFile(segment, bad, 0o640); err != nil {
			t.Fatal(err)
		}
		j := open(t, Options{Dir: dir})
		left := 0
		if err := j.Replay(0, func(*frame.Meta) error { left++; return nil }); err != nil {
			t.Fatal(err)
		}
		if left < len(entries)-1 {
			t.Errorf("a bit of byte %d costs %d frames", at, len(entries)-left)
		}
		j.Close()
	}
}

func TestSealedSegmentsAreTrustedAndReplayVerifiesThem(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 2 << 10})
	for i := range 9 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 900})
		flush(t, j)
	}
	j.Close()
	r := NewReader(j.opts.FS, dir)
	segments, err := r.Segments()
	if err != nil || len(segments) < 3 || !segments[0].Sealed {
		t.Fatalf("segments %+v, %v", segments, err)
	}
	damageFile(t, filepath.Join(dir, segments[0].Name), segments[0].Size-10)
	j = open(t, Options{Dir: dir})
	if d := j.Stats().Recovery.Damaged; d != 0 {
		t.Errorf("opening found %d damaged frames, and should not have read that segment", d)
	}
	replayed := 0
	if err := j.Replay(0, func(*frame.Meta) error { replayed++; return nil }); err != nil {
		t.Fatal(err)
	}
	if d := j.Stats().Recovery.Damaged; d != 1 || replayed != 8 {
		t.Errorf("replay gave %d frames and found %d damaged, want 8 and 1", replayed, d)
	}
}

func TestDamagedFramesAreLostForTheCursorWithTheirLines(t *testing.T) {
	for name, at := range map[string]func(*Entry) int64{
		"payload": func(e *Entry) int64 { return e.Offset + int64(e.HeaderSize) + 5 },
		"header":  func(e *Entry) int64 { return e.Offset + 20 },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			segment, entries := written(t, dir, 3, false)
			j := open(t, Options{Dir: dir}) // seals and indexes
			c, err := j.Cursor("x", CursorOptions{StartAtBeginning: true})
			if err != nil {
				t.Fatal(err)
			}
			damageFile(t, segment, at(&entries[1]))
			for c.Stats().Pending.Frames > 0 {
				f, err := c.Next(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				r := Result{Delivered: f.Meta.Counts.DocLines}
				if _, err := f.Payload(nil); damage(err) {
					r = Result{Lost: f.Meta.Counts.DocLines}
				}
				if err := c.Advance(f, r); err != nil {
					t.Fatal(err)
				}
			}
			st := c.Stats()
			if st.Result.Delivered != 4 || st.Result.Lost != 2 || st.Passed.Lines != 6 || st.Pending.Lines != 0 {
				t.Errorf("figures %+v, want 4 lines delivered and 2 lost of 6", st)
			}
		})
	}
}

func TestNumbersThatWereSeenAreNotGivenAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	c, err := j.Cursor("x", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i)})
		f, err := c.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Advance(f, Result{}); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	remove(t, segmentPath(dir, 1))
	j = open(t, Options{Dir: dir})
	if st := j.Stats(); st.Next != 4 || st.Recovery.Gap != 1 {
		t.Errorf("without its segment the journal goes on at %d with a gap at %d; want 4 and 1", st.Next, st.Recovery.Gap)
	}
	if err := j.Replay(9, func(*frame.Meta) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if st := j.Stats(); st.Next != 10 {
		t.Errorf("with a checkpoint that contains frame 9 the journal goes on at %d; want 10", st.Next)
	}
	appendAll(t, j, sample{docs: 1, tag: "later"})
	c, err = j.Cursor("x", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := c.Next(context.Background()); err != nil || f.Meta.Seq != 10 {
		t.Errorf("Next = %+v, %v; want frame 10", f, err)
	}
}

// A copy of a journal gives none of the numbers that the original may have given
// since; that is no gap in what is known.
func TestACopyLeavesOutNumbers(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	appendAll(t, j, sample{docs: 1, tag: "before"})
	j.Close()
	for life := range uint64(2) {
		j = open(t, Options{Dir: dir, LeaveOut: 1 << 32})
		if st := j.Stats(); st.Next != 2+(life+1)<<32+life || st.Recovery.Gap != 0 {
			t.Errorf("life %d: the journal goes on at %d, gap at %d", life, st.Next, st.Recovery.Gap)
		}
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint("copy", life)})
		j.Close()
	}
	j = open(t, Options{Dir: dir})
	c, err := j.Cursor("x", CursorOptions{StartAtBeginning: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f, err := c.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Advance(f, Result{Delivered: f.Meta.Counts.DocLines}); err != nil {
			t.Fatal(err)
		}
	}
	if st := c.Stats(); st.Damaged != 0 || st.Pending.Frames != 0 || st.Result.Delivered != 3 {
		t.Errorf("%+v", st)
	}
}

func TestLostCursorBeginsAtTheOldestFrame(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	c, err := j.Cursor("x", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, sample{docs: 1, tag: "1"})
	f, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(f, Result{Delivered: 1})
	j.Close()
	if err := os.WriteFile(cursorPath(dir, "x"), make([]byte, 8192), 0o640); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Dir: dir})
	if c, err = j.Cursor("x", CursorOptions{}); err != nil {
		t.Fatal(err)
	}
	if st := c.Stats(); st.Position != 0 || st.Pending.Lines != 1 {
		t.Errorf("figures %+v; want the position of the oldest frame", st)
	}
}

func TestSegmentRemovedByHandCostsWhatWasNotDelivered(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 2 << 10})
	c, err := j.Cursor("x", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 900})
		flush(t, j)
	}
	remove(t, segmentPath(dir, j.segments[1].First))
	gone := j.segments[1].Counts.Lines
	for c.Stats().Pending.Frames > 0 {
		f, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Advance(f, Result{Delivered: f.Meta.Counts.DocLines}); err != nil {
			t.Fatal(err)
		}
	}
	if st := c.Stats(); gone == 0 || st.Result.Lost != gone || st.Result.Delivered != 9-gone || st.Passed.Lines != 9 {
		t.Errorf("figures %+v; want %d lines lost and the others of 9 delivered", st, gone)
	}
}

func TestOpenSegmentRemovedByHandIsNotWrittenOn(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	appendAll(t, j, sample{docs: 1, tag: "before"})
	flush(t, j)
	remove(t, segmentPath(dir, 1))
	appendAll(t, j, sample{docs: 1, tag: "after"})
	flush(t, j)
	if got := numbers(t, j); got != "2" {
		t.Errorf("readable: frames %s; want what was written after the removal", got)
	}
	j.Close()
	j = open(t, Options{Dir: dir})
	replayed := ""
	if err := j.Replay(1, func(m *frame.Meta) error { replayed += fmt.Sprint(m.Seq); return nil }); err != nil || replayed != "2" {
		t.Errorf("after a restart frames %q are there, %v; want 2", replayed, err)
	}
}
