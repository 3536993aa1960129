package journal

import (
	"context"
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

func TestFramesComeBackInOrder(t *testing.T) {
	dir := t.TempDir()
	var durable []uint64
	j := open(t, Options{Dir: dir, OnDurable: func(metas []*frame.Meta) {
		for _, m := range metas {
			durable = append(durable, m.Seq)
		}
	}})
	c, err := j.Cursor("elasticsearch", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		appendAll(t, j, sample{docs: 3, tag: fmt.Sprint(i)})
	}
	for i := range 5 {
		f, err := c.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		payload, err := f.Payload(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := tags(t, payload, &f.Meta); f.Meta.Seq != uint64(i+1) || len(got) != 3 {
			t.Errorf("frame %d has number %d and documents %q", i, f.Meta.Seq, got)
		}
		if err := c.Advance(f, Result{Delivered: 3}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if len(durable) != 5 {
		t.Errorf("OnDurable was told of %v", durable)
	}

	again := open(t, Options{Dir: dir})
	c, err = again.Cursor("elasticsearch", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, again, sample{docs: 1, tag: "later"})
	f, err := c.Next(context.Background())
	if err != nil || f.Meta.Seq != 6 {
		t.Fatalf("after a restart Next = %+v, %v; want frame 6", f, err)
	}
	st := c.Stats()
	if st.Result.Delivered != 15 || st.Passed.Lines != 15 || st.Pending.Lines != 1 {
		t.Errorf("after a restart the cursor's figures are %+v", st)
	}
}

func TestReaderSeesWhatTheCursorSees(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 4 << 10})
	for i := range 30 {
		appendAll(t, j, sample{docs: 2, tag: fmt.Sprint(i), ids: []string{fmt.Sprint("id", i)}, size: 400})
	}
	j.Close()
	r := NewReader(vfs.OS{}, dir)
	segments, err := r.Segments()
	if err != nil {
		t.Fatal(err)
	}
	var seqs []uint64
	for _, s := range segments {
		next, err := r.Entries(context.Background(), s, 0, func(e *Entry) error {
			seqs = append(seqs, e.Seq)
			payload, err := r.Payload(s, e, nil)
			if err != nil {
				return err
			}
			m, err := r.Meta(s, e)
			if err != nil {
				return err
			}
			if n := len(tags(t, payload, m)); n != 2 {
				t.Errorf("frame %d has %d documents", e.Seq, n)
			}
			return nil
		})
		if err != nil || next != s.Size {
			t.Errorf("Entries of %s = %d, %v; want %d", s.Name, next, err, s.Size)
		}
	}
	if len(seqs) != 30 || seqs[0] != 1 || seqs[29] != 30 {
		t.Errorf("numbers read: %v", seqs)
	}
}
