package journal

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

func TestDamagedFrameNamesTheRangesItHeld(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 2 << 10})
	// Source 1 is in every frame, 2 begins in the last one, 3 was read before
	// the journal began.
	state := func(id byte, offset int64) frame.Source {
		return frame.Source{ID: event.SourceID{id}, Identity: event.Identity{Path: fmt.Sprint("path", id)}, Offset: offset}
	}
	for i := range 6 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 900, source: state(1, int64(i+1)*100)})
	}
	flush(t, j)
	whole := state(2, 70)
	whole.Counts.Bytes = 70
	part := state(3, 70)
	part.Counts.Bytes = 20
	got, err := j.Missing(&frame.Meta{Seq: 6, Sources: []frame.Source{state(1, 600), whole, part}})
	if err != nil {
		t.Fatal(err)
	}
	var ranges []string
	for _, m := range got {
		ranges = append(ranges, fmt.Sprintf("%s [%d,%d)", m.From.Identity.Path, m.From.Offset, m.To.Offset))
	}
	if diff := cmp.Diff([]string{"path1 [500,600)", "path2 [0,70)"}, ranges); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestDamageIsReportedOnceForEachFrame(t *testing.T) {
	dir := t.TempDir()
	segment, entries := written(t, dir, 3, false)
	damageFile(t, segment, entries[1].Offset+int64(entries[1].HeaderSize)+5)
	var reported []uint64
	j := open(t, Options{Dir: dir, OnDamaged: func(m *frame.Meta) { reported = append(reported, m.Seq) }})
	if err := j.Replay(0, func(*frame.Meta) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		c, err := j.Cursor(name, CursorOptions{StartAtBeginning: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			f, err := c.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Payload(nil); (f.Meta.Seq == 2) != damage(err) {
				t.Errorf("frame %d: %v", f.Meta.Seq, err)
			}
		}
	}
	if diff := cmp.Diff([]uint64{2}, reported); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}
