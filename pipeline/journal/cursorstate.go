package journal

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/pipeline/event"
)

// state is what a cursor keeps in its slot, as JSON. Position and figures are
// one value, so that no crash can tear them apart.
type state struct {
	Version int `json:"version"`
	// Start is the position that the cursor began at, Position the number of
	// the last frame that is done.
	Start    uint64 `json:"start"`
	Position uint64 `json:"position"`
	// Passed sums the ledgers of the frames between the two, as their headers
	// have them; Result is what became of their documents.
	Passed event.Counts `json:"passed"`
	Result Result       `json:"result"`
	// Skipped is what a full journal moved the cursor past.
	Skipped Skipped `json:"skipped"`
	// Damaged counts frames that could not be read.
	Damaged uint64 `json:"damaged"`
}

// Skipped is what a cursor was moved past, such as by a full journal.
type Skipped struct{ Frames, Lines, Docs uint64 }

// Add sums frames into s.
func (s *Skipped) Add(t Tally) {
	s.Frames += uint64(t.Frames)
	s.Lines += t.DocLines
	s.Docs += t.Docs
}

const (
	stateVersion = 1
	// stateCapacity is room for every figure at its largest.
	stateCapacity = 2048
)

var errState = errors.New("unreadable cursor")

func (s *state) append(dst []byte) []byte {
	s.Version = stateVersion
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers only: cannot fail
	}
	return append(dst, b...)
}

func parseState(b []byte) (s state, err error) {
	err = parseVersioned(b, &s)
	if err != nil && !errors.Is(err, slot.ErrVersion) {
		err = fmt.Errorf("%w: %w", errState, err)
	}
	return s, err
}

// parseVersioned reads JSON of this version. Of another one only the version
// is looked at.
func parseVersioned(b []byte, into any) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if err := slot.CheckVersion(v.Version, stateVersion); err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// CursorStats are a cursor's figures now. Read lines are Passed.Lines plus
// Pending.Lines; each of them is in Result, Skipped, Withdrawn, the DroppedLines
// of Passed and Pending, or the DocLines of Pending.
type CursorStats struct {
	Name string
	// Start is where the cursor began, Position the last frame that is done.
	Start, Position uint64
	// Passed sums the ledgers of the frames between the two.
	Passed  event.Counts
	Result  Result
	Skipped Skipped
	// Withdrawn is what was dropped before the exporter had it, because it is
	// kept where it came from; of a journal in memory only.
	Withdrawn Skipped `json:",omitzero"`
	// Damaged counts frames that could not be read; their lines are in
	// Result.Lost as far as an index knew them.
	Damaged uint64
	// Pending sums the frames that are not done.
	Pending Tally
	// Oldest is when the oldest pending frame was written, ns, or when the one
	// before it was; 0 when nothing is pending.
	Oldest int64
}

// Stats are the cursor's figures now.
func (c *Cursor) Stats() CursorStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := CursorStats{
		Name: c.name, Start: c.Start, Position: c.Position, Passed: c.Passed,
		Result: c.Result, Skipped: c.Skipped, Damaged: c.Damaged,
	}
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	st.Pending = c.pending
	if st.Pending.Frames > 0 {
		st.Oldest = c.oldest
	}
	return st
}
