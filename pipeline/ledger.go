package pipeline

import (
	"fmt"
	"maps"
	"sync"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Ledger accounts for every line that an exporter was to deliver. Each figure
// is counted where it happens and none is the difference of others.
type Ledger struct {
	Read, Delivered, Pending, Parked, Dead, Dropped, Lost uint64
}

// ledgerOf is the ledger of one exporter. What a full journal skipped is lost
// for it.
func ledgerOf(c journal.CursorStats) Ledger {
	return Ledger{
		Read:      c.Passed.Lines + c.Pending.Counts.Lines,
		Delivered: c.Result.Delivered,
		Pending:   c.Pending.Counts.DocLines,
		Parked:    c.Result.Parked,
		Dead:      c.Result.Dead,
		Dropped:   c.Passed.DroppedLines + c.Pending.Counts.DroppedLines,
		Lost:      c.Result.Lost + c.Skipped.Lines,
	}
}

// Balanced says whether every line read is somewhere.
func (l Ledger) Balanced() bool {
	return l.Read == l.Delivered+l.Pending+l.Parked+l.Dead+l.Dropped+l.Lost
}

// String is the ledger on one line.
func (l Ledger) String() string {
	return fmt.Sprintf("ledger: read=%d delivered=%d pending=%d dead=%d dropped=%d lost=%d",
		l.Read, l.Delivered, l.Pending+l.Parked, l.Dead, l.Dropped, l.Lost)
}

// tally sums what durable frames say by namespace and by rule. It begins with
// what the checkpoint knows of earlier lives.
type tally struct {
	mu         sync.Mutex
	namespaces map[string]event.Counts
	rules      map[string]uint64
}

func newTally(sources []frame.Source) *tally {
	t := &tally{namespaces: map[string]event.Counts{}, rules: map[string]uint64{}}
	t.addSources(sources)
	return t
}

func (t *tally) add(m *frame.Meta) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addSources(m.Sources)
	for _, r := range m.Rules {
		t.rules[r.Name] += r.Lines
	}
}

func (t *tally) addSources(sources []frame.Source) {
	for i := range sources {
		c := t.namespaces[sources[i].Namespace]
		c.Add(sources[i].Counts)
		t.namespaces[sources[i].Namespace] = c
	}
}

func (t *tally) snapshot() (namespaces map[string]event.Counts, rules map[string]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.namespaces), maps.Clone(t.rules)
}
