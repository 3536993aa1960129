package filter

import (
	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Wanted drops the records that the settings of their source do not want. It
// comes before the parser, which needs not look at them then. One instance
// serves one lane.
type Wanted struct{ first uint16 }

// The rules of Wanted, in the order of their numbers.
const (
	ruleSample = iota
	ruleStream
)

// Rules are the names under which the dropped lines are counted.
func (*Wanted) Rules() []string { return []string{"annotation sample", "annotation exclude"} }

// NumberFrom makes the first rule have number n.
func (w *Wanted) NumberFrom(n int) { w.first = uint16(n) }

// Open has nothing to do: settings do not change while a source is open.
func (*Wanted) Open(*event.Source) {}

// Close has nothing to do.
func (*Wanted) Close(*event.Source) {}

// Process marks the records that are not wanted.
func (w *Wanted) Process(b *event.Batch) {
	s := &b.Source.Settings
	if s.Sample <= 1 && s.Without == event.StreamNone {
		return
	}
	for i := range b.Records {
		r := &b.Records[i]
		switch {
		case r.Flags&event.Dropped != 0:
		case s.Without != event.StreamNone && r.Stream == s.Without:
			w.drop(r, ruleStream)
		case s.Sample > 1 && !isKept(b, r, s.Sample):
			w.drop(r, ruleSample)
		}
	}
}

func (w *Wanted) drop(r *event.Record, rule uint16) {
	r.Flags |= event.Dropped
	r.Rule = w.first + rule
}

// isKept picks one in n records by a hash of their place and bytes, so that the
// same record is kept or dropped whenever it is read.
func isKept(b *event.Batch, r *event.Record, n uint64) bool {
	return xxh3.HashSeed(b.Bytes(r.Raw), uint64(r.Start))%n == 0
}
