package pipeline

import "time"

// Snapshot is how the agent gets on.
type Snapshot struct {
	// Lines were read and made durable, in all lives of the journal.
	Lines uint64
	// Lag is the age of the oldest frame that an exporter has not delivered.
	Lag time.Duration
	// Ledgers are those of the exporters, by name.
	Ledgers map[string]Ledger
}

// Snapshot may be called while the agent runs and after.
func (a *Agent) Snapshot() Snapshot {
	s := Snapshot{Lines: a.checkpoint.Total().Lines, Ledgers: make(map[string]Ledger, len(a.shippers))}
	now := time.Now()
	for _, sh := range a.shippers {
		s.Ledgers[sh.name] = a.ledger(sh)
		s.Lag = max(s.Lag, lag(sh.cursor.Stats(), now))
	}
	return s
}
