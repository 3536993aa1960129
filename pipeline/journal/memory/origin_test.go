package memory_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/journal/memory"
)

// queue is an origin of frames that notes what it is told.
type queue struct {
	mu   sync.Mutex
	tags []uint64
}

func (q *queue) Acknowledge(tag uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tags = append(q.tags, tag)
}

func (q *queue) want(t *testing.T, tags, when string) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	slices.Sort(q.tags)
	if got := fmt.Sprint(q.tags); got != tags {
		t.Errorf("%s the frames %s are acknowledged, want %s", when, got, tags)
	}
}

// from is a frame that an origin knows by a tag.
func (s *subject) from(o frame.Origin, tag uint64) *frame.Sealed {
	f := s.frame(fmt.Sprint("from elsewhere ", tag))
	f.Origin, f.Tag = o, tag
	return f
}

// withdraw appends three frames of an origin between two of this node's, has
// one exporter take the first of them, and withdraws them.
func (s *subject) withdraw(q *queue) (a, b cursor, taken []*journal.Frame) {
	a, b = s.cursor("a", journal.CursorOptions{}), s.cursor("b", journal.CursorOptions{})
	s.add(1)
	for tag := range uint64(3) {
		s.must(s.Append(context.Background(), s.from(q, tag+1)))
	}
	s.add(1)
	taken = s.take(a, 2)
	if _, err := taken[1].Payload(nil); err != nil {
		s.t.Fatal(err)
	}
	s.buffer.(*memory.Journal).Withdraw(q)
	return a, b, taken
}

func TestWithdrawnFramesGoToNoExporterThatHasThemNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := inMemory(t, 0), &queue{}
		full := s.Stats().Bytes
		a, b, taken := s.withdraw(q)
		if n := s.Stats().Bytes - full; n > 2*1000+3*200 {
			t.Errorf("%d bytes are kept of two frames and three that were withdrawn", n)
		}
		for _, f := range taken {
			s.must(a.Advance(f, delivered))
		}
		s.pass(a, 3)
		s.pass(b, 5)
		for c, want := range map[cursor]string{a: "6 4", b: "4 6"} {
			st := c.Stats()
			if got := fmt.Sprint(st.Result.Delivered, " ", st.Withdrawn.Lines); got != want {
				t.Errorf("%s: %s lines are delivered and withdrawn, want %s", st.Name, got, want)
			}
		}
	})
}

// pass passes the next n frames, as a shipper does: what cannot be read has no
// result.
func (s *subject) pass(c cursor, n int) {
	s.t.Helper()
	for _, f := range s.take(c, n) {
		r := delivered
		if _, err := f.Payload(nil); err != nil {
			r = journal.Result{}
		}
		s.must(c.Advance(f, r))
	}
}

func TestAnOriginIsToldWhenNothingOfItIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := inMemory(t, 0), &queue{}
		a, b, taken := s.withdraw(q)
		s.pass(b, 5)
		q.want(t, "[]", "while one exporter has a withdrawn frame in hand")
		for _, f := range taken {
			s.must(a.Advance(f, delivered))
		}
		s.pass(a, 3)
		q.want(t, "[1 2 3]", "when it has passed all of them")
	})
}

func TestAWithdrawnFrameIsNotSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := inMemory(t, 0), &queue{}
		c := s.cursor("a", journal.CursorOptions{OnFull: journal.Skip})
		s.must(s.Append(context.Background(), s.from(q, 1)))
		s.buffer.(*memory.Journal).Withdraw(q)
		s.add(30)
		if st := c.Stats(); st.Withdrawn.Frames != 1 || st.Skipped.Frames == 0 || st.Withdrawn.Frames+st.Skipped.Frames+uint64(st.Pending.Frames) != 31 {
			t.Errorf("figures %+v; one frame of 31 was withdrawn", st)
		}
	})
}
