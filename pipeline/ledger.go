package pipeline

import (
	"fmt"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// Ledger accounts for every line that an exporter was to deliver. Each figure
// is counted where it happens and none is the difference of others. Excluded
// are lines of classes that the exporter does not take, Returned those of frames
// that went back to where they came from. Of frames from elsewhere, documents
// are counted as lines.
type Ledger struct {
	Read, Delivered, Pending, Parked, Dead, Dropped, Excluded, Lost, Returned uint64
}

// ledger is the exporter's. What a full journal skipped is lost for it, and
// so is what a full store gave up.
func (a *Agent) ledger(s *shipper) Ledger {
	c, dead := s.cursor.Stats(), statsOf(a.dead, s.name)
	var park journal.StoreStats
	if a.park != nil {
		park = statsOf(a.park, s.name)
	}
	return Ledger{
		Read:      c.Passed.Lines + c.Pending.Lines + s.carried,
		Delivered: c.Result.Delivered + park.Result.Delivered,
		Pending:   c.Pending.DocLines,
		Parked:    park.Lines,
		Dead:      dead.Lines,
		Dropped:   c.Passed.DroppedLines + c.Pending.DroppedLines,
		Excluded:  c.Result.Excluded,
		Lost:      c.Result.Lost + c.Skipped.Lines + park.Result.Lost + dead.Result.Lost,
		Returned:  c.Withdrawn.Lines,
	}
}

// statsOf are a store's figures for an exporter.
func statsOf(s letters, exporter string) journal.StoreStats {
	for _, st := range s.Stats() {
		if st.Exporter == exporter {
			return st
		}
	}
	return journal.StoreStats{}
}

// Balanced says whether every line read is somewhere.
func (l Ledger) Balanced() bool {
	return l.Read == l.Delivered+l.Pending+l.Parked+l.Dead+l.Dropped+l.Excluded+l.Lost+l.Returned
}

// String is the ledger on one line. What rules and classes leave out is
// dropped, what is parked pending.
func (l Ledger) String() string {
	return fmt.Sprintf("ledger: read=%d delivered=%d pending=%d dead=%d dropped=%d lost=%d",
		l.Read, l.Delivered, l.Pending+l.Parked, l.Dead, l.Dropped+l.Excluded, l.Lost)
}
