package memory_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// want compares the numbers that were acknowledged.
func (s *subject) want(numbers string, when string) {
	s.t.Helper()
	if got := fmt.Sprint(s.acknowledged); got != numbers {
		s.t.Errorf("%s the frames %s are acknowledged, want %s", when, got, numbers)
	}
}

func TestNothingIsAcknowledgedBeforeEveryBlockingExporterHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, 0)
		a, b := s.cursor("a", journal.CursorOptions{}), s.cursor("b", journal.CursorOptions{})
		skipping := s.cursor("c", journal.CursorOptions{OnFull: journal.Skip})
		s.add(3)
		frames := s.take(a, 3)
		s.want("[]", "after three frames were taken")
		for _, f := range frames {
			s.must(a.Advance(f, delivered))
		}
		s.deliver(skipping, 1)
		s.want("[]", "while one exporter has delivered nothing")
		s.deliver(b, 2)
		s.want("[1 2]", "with one that may skip behind")
		s.deliver(skipping, 2)
		s.deliver(b, 1)
		s.want("[1 2 3]", "when all have delivered all")
		if n := s.Stats().Bytes; n != 0 {
			t.Errorf("%d bytes are kept of frames that everybody has passed", n)
		}
	})
}

func TestWithoutABlockingExporterFramesAreAcknowledgedWhenTheyLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, 0)
		c := s.cursor("a", journal.CursorOptions{OnFull: journal.Skip})
		s.add(2)
		s.want("[]", "before delivery")
		s.deliver(c, 1)
		s.want("[1]", "after one delivery")
		s.add(30)
		if skipped := c.Stats().Skipped.Frames; skipped == 0 || len(s.acknowledged) != int(skipped)+1 {
			t.Errorf("%d frames were skipped, acknowledged are %v", skipped, s.acknowledged)
		}
	})
}

func TestWhatIsNotDeliveredIsNeverAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, 0)
		c := s.cursor("a", journal.CursorOptions{})
		s.add(2)
		s.deliver(c, 1)
		s.must(s.Close())
		s.want("[1]", "after the end")
	})
}
