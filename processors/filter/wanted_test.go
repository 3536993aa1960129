package filter

import (
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// lines is a batch of records of both streams.
func lines(s event.Settings, n int) *event.Batch {
	b := new(event.Batch)
	b.Reset(&event.Source{Settings: s})
	for i := range n {
		raw := b.Append(fmt.Appendf(nil, "line %d", i))
		b.Records = append(b.Records, event.Record{Raw: raw, Line: raw, Start: int64(i * 10), Stream: event.Stdout + event.Stream(i%2)})
	}
	return b
}

// kept lists the places of the records that are kept, and counts those that each
// rule drops.
func kept(b *event.Batch) (starts []int64, byRule map[uint16]int) {
	w := new(Wanted)
	w.NumberFrom(3)
	w.Process(b)
	byRule = make(map[uint16]int)
	for i := range b.Records {
		if r := &b.Records[i]; r.Flags&event.Dropped == 0 {
			starts = append(starts, r.Start)
		} else {
			byRule[r.Rule]++
		}
	}
	return starts, byRule
}

func TestASampleIsTheSameWheneverItIsRead(t *testing.T) {
	const n = 10_000
	first, rules := kept(lines(event.Settings{Sample: 10}, n))
	again, _ := kept(lines(event.Settings{Sample: 10}, n))
	if len(first) < n/12 || len(first) > n/8 || fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("%d of %d are kept, then %d", len(first), n, len(again))
	}
	if rules[3] != n-len(first) || len(rules) != 1 {
		t.Errorf("dropped by rule: %v", rules)
	}
}

func TestAStreamThatIsNotWantedIsDropped(t *testing.T) {
	starts, rules := kept(lines(event.Settings{Without: event.Stderr}, 100))
	if len(starts) != 50 || rules[4] != 50 || starts[1]%20 != 0 {
		t.Errorf("kept %v, dropped by rule %v", starts, rules)
	}
}

func TestWhatIsNotSaidChangesNothing(t *testing.T) {
	for _, s := range []event.Settings{{}, {Sample: 1}} {
		if starts, _ := kept(lines(s, 100)); len(starts) != 100 {
			t.Errorf("%+v: %d are kept", s, len(starts))
		}
	}
	b := lines(event.Settings{Sample: 2, Without: event.Stdout}, 100)
	w := new(Wanted)
	if n := testing.AllocsPerRun(10, func() { w.Process(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
