package pipeline

import (
	"fmt"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// Ledger accounts for every line that an exporter was to deliver. Each figure
// is counted where it happens and none is the difference of others.
type Ledger struct {
	Read, Delivered, Pending, Parked, Dead, Dropped, Lost uint64
}

// ledger is the exporter's. What a full journal skipped is lost for it, and
// so is what a full store gave up.
func (a *Agent) ledger(s *shipper) Ledger {
	c, dead, park := s.cursor.Stats(), statsOf(a.dead, s.name), statsOf(a.park, s.name)
	return Ledger{
		Read:      c.Passed.Lines + c.Pending.Lines,
		Delivered: c.Result.Delivered + park.Result.Delivered,
		Pending:   c.Pending.DocLines,
		Parked:    park.Lines,
		Dead:      dead.Lines,
		Dropped:   c.Passed.DroppedLines + c.Pending.DroppedLines,
		Lost:      c.Result.Lost + c.Skipped.Lines + park.Result.Lost + dead.Result.Lost,
	}
}

// statsOf are a store's figures for an exporter.
func statsOf(s *journal.Store, exporter string) journal.StoreStats {
	for _, st := range s.Stats() {
		if st.Exporter == exporter {
			return st
		}
	}
	return journal.StoreStats{}
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
