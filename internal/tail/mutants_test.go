package tail

import (
	"os"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// mutant is an agent that breaks one rule: a test that it passes proves
// nothing.
type mutant struct {
	// acknowledgesEarly: what was read counts as recorded before its frame is
	// durable.
	acknowledgesEarly bool
	positions         func(*world) Positions
	changeState       func(*frame.Source)
	changeCounts      func(*event.Counts)
}

func (m *mutant) state(s frame.Source) frame.Source {
	if m != nil && m.changeState != nil {
		m.changeState(&s)
	}
	return s
}

func (m *mutant) counts(c event.Counts) event.Counts {
	if m != nil && m.changeCounts != nil {
		m.changeCounts(&c)
	}
	return c
}

var mutants = map[string]*mutant{
	"acknowledges early":    {acknowledgesEarly: true},
	"forgets open pieces":   {changeState: func(s *frame.Source) { s.Streams = [event.NumStreams]frame.StreamState{} }},
	"believes any position": {positions: func(w *world) Positions { return credulous{durable{w}} }},
	"forgets generations":   {changeState: func(s *frame.Source) { s.Identity.Generation = 0 }},
	"does not count losses": {changeCounts: func(c *event.Counts) { c.LostBytes = 0 }},
	"counts losses twice":   {changeCounts: func(c *event.Counts) { c.LostBytes *= 2 }},
	"position is behind":    {changeState: func(s *frame.Source) { s.Offset, s.Tail = 0, emptyTail }},
}

// credulous makes the bytes before every position look like those that were
// read, whatever is there.
type credulous struct{ durable }

func (c credulous) Find(path string) []frame.Source {
	all := c.durable.Find(path)
	for i := range all {
		s := &all[i]
		text, err := os.ReadFile(s.Path)
		if n := int(min(s.Offset, tailSize)); err == nil && int64(len(text)) >= s.Offset {
			s.Tail = xxh3.Hash(text[int(s.Offset)-n : s.Offset])
		}
	}
	return all
}

// TestModelNoticesBrokenRules runs random lives of agents that break one rule
// each.
func TestModelNoticesBrokenRules(t *testing.T) {
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				s := newLife(t, seed, m)
				s.run(operations(seed))
				if len(s.problems) > 0 {
					t.Logf("noticed in life %d: %s", seed, s.problems[0])
					return
				}
			}
			t.Error("300 lives of it went well")
		})
	}
}
