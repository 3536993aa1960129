package oracle

import (
	"fmt"
	"strings"
)

// Evidence is what a verdict is based on, when faults have ended and the agent
// has had the time to deliver everything.
type Evidence struct {
	Ledger  *Account
	Sink    []Arrival
	Journal []Arrival
	// InMemory says that there is no journal to look into.
	InMemory bool
}

// Verdict counts what was found; Violations is empty when the invariants hold.
type Verdict struct {
	Records, Stored, Repeats, Refused int
	Violations                        []Violation

	inMemory bool
}

// Violation is a broken invariant, named by its letter in the fault catalogue:
// A (what is in the journal was delivered), C (every complete line was
// delivered), D (one document per record), P (nothing was changed), N
// (everything is accounted for), J (the journal holds each record once).
type Violation struct {
	Invariant byte
	What      string
}

// maxShown is how many violations of an invariant are written out.
const maxShown = 5

func (v *Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "records=%d stored=%d repeats=%d refused=%d violations=%d\n",
		v.Records, v.Stored, v.Repeats, v.Refused, len(v.Violations))
	shown := map[byte]int{}
	for _, x := range v.Violations {
		if shown[x.Invariant]++; shown[x.Invariant] <= maxShown {
			fmt.Fprintf(&b, "  %c: %s\n", x.Invariant, x.What)
		}
	}
	for letter, n := range shown {
		if n > maxShown {
			fmt.Fprintf(&b, "  %c: and %d more\n", letter, n-maxShown)
		}
	}
	return b.String()
}

func (v *Verdict) broken(invariant byte, format string, args ...any) {
	v.Violations = append(v.Violations, Violation{invariant, fmt.Sprintf(format, args...)})
}

// recordKey names a record.
type recordKey struct {
	stream string
	seq    uint64
}

// place is where a record was found: ids by key, hashes by id.
type place struct {
	ids    map[recordKey][]string
	hashes map[string]string
}

func newPlace() place {
	return place{map[recordKey][]string{}, map[string]string{}}
}

// Judge checks the invariants.
func Judge(e Evidence) *Verdict {
	v := &Verdict{Records: len(e.Ledger.Entries), inMemory: e.InMemory}
	if !e.Ledger.Complete {
		v.broken('N', "the generator has not ended properly: the ledger proves nothing")
	}
	stored, refused := v.readSink(e.Sink)
	journaled := v.readJournal(e.Journal)
	v.checkFates(e.Ledger, stored, refused, journaled)
	v.checkInventions(e.Ledger, stored, journaled)
	return v
}

func (v *Verdict) readSink(arrivals []Arrival) (stored, refused place) {
	stored, refused = newPlace(), newPlace()
	for _, a := range arrivals {
		switch a.Kind {
		case 'S':
			v.Stored++
			stored.take(a)
		case 'X':
			v.Refused++
			refused.take(a)
		case 'R':
			v.Repeats++
			if was, ok := stored.hashes[a.ID]; ok && was != a.Hash {
				v.broken('P', "id %s came again with another text", a.ID)
			}
		case 'B':
			v.broken('P', "id %s: %s", a.ID, a.Problem)
		}
	}
	return stored, refused
}

func (v *Verdict) readJournal(arrivals []Arrival) place {
	p := newPlace()
	for _, a := range arrivals {
		if a.Kind == 'B' {
			v.broken('P', "journal, id %s: %s", a.ID, a.Problem)
			continue
		}
		p.take(a)
	}
	return p
}

func (p place) take(a Arrival) {
	k := recordKey{a.Stream, a.Seq}
	p.ids[k] = append(p.ids[k], a.ID)
	p.hashes[a.ID] = a.Hash
}

func (v *Verdict) checkFates(l *Account, stored, refused, journaled place) {
	for _, e := range l.Entries {
		k := recordKey{e.Stream, e.Seq}
		want := map[Fate]int{Keep: 1}[e.Fate]
		if n := len(stored.ids[k]); n < want {
			v.broken('C', "%s %d was never stored (%d times in the journal)", e.Stream, e.Seq, len(journaled.ids[k]))
		} else if n > want {
			v.broken('D', "%s %d is stored as %d documents, wanted %d: %v", e.Stream, e.Seq, n, want, stored.ids[k])
		}
		if e.Fate == Poison && len(refused.ids[k]) == 0 {
			v.broken('N', "%s %d should have been refused but was never sent", e.Stream, e.Seq)
		}
		if v.inMemory {
			continue
		}
		v.checkJournal(e, journaled.ids[k], len(stored.ids[k])+len(refused.ids[k]) > 0)
	}
}

func (v *Verdict) checkJournal(e Entry, ids []string, delivered bool) {
	want := 1
	if e.Fate == Drop {
		want = 0
	}
	if len(ids) > 0 && want == 1 && !delivered {
		v.broken('A', "%s %d is in the journal and was not delivered", e.Stream, e.Seq)
	}
	if len(ids) != want {
		v.broken('J', "%s %d is %d times in the journal, wanted %d: %v", e.Stream, e.Seq, len(ids), want, ids)
	}
}

// checkInventions looks for documents of records that were never written.
func (v *Verdict) checkInventions(l *Account, places ...place) {
	written := make(map[recordKey]bool, len(l.Entries))
	for _, e := range l.Entries {
		written[recordKey{e.Stream, e.Seq}] = true
	}
	for _, p := range places {
		for k := range p.ids {
			if !written[k] {
				v.broken('P', "%s %d was never written", k.stream, k.seq)
			}
		}
	}
}

// JudgeFiles judges by a ledger, a sink's record and a journal's folder, which
// is empty when the journal is in memory.
func JudgeFiles(ledger, record, journal string) (*Verdict, error) {
	account, err := ReadLedger(ledger)
	if err != nil {
		return nil, err
	}
	arrivals, err := ReadRecord(record)
	if err != nil {
		return nil, err
	}
	if journal == "" {
		return Judge(Evidence{Ledger: account, Sink: arrivals, InMemory: true}), nil
	}
	scan := NewJournalScan(journal)
	if err := scan.More(); err != nil {
		return nil, err
	}
	return Judge(Evidence{Ledger: account, Sink: arrivals, Journal: scan.Docs}), nil
}
