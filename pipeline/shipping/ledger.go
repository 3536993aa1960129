package shipping

import (
	"maps"
	"sync"
	"time"
)

// Stats say how an exporter gets on, since the process began. What it has
// delivered in all is in its cursor.
type Stats struct {
	// Name is the exporter's.
	Name string
	// Requests were sent; of them failed those that no document was placed by.
	Requests, FailedRequests uint64
	// Sent, Dead and Parked are lines and documents. Those that were parked
	// count again as Sent or Dead when they leave the store.
	Sent, Dead, Parked Amount
	// Namespaces are their lines by Kubernetes namespace.
	Namespaces map[string]NamespaceLines
	// Bytes are compressed bytes of requests.
	Bytes uint64
	// Retries counts documents that were sent again.
	Retries uint64
	// Removed counts documents that were stored a second time and deleted
	// again, Unchecked those for which that could not be found out.
	Removed, Unchecked uint64
	// Diverted counts dead documents that the backend keeps elsewhere.
	Diverted uint64
	// Rewritten counts documents that did not fit their index and were sent
	// again, changed.
	Rewritten map[Misfit]uint64
	// Frames are on their way, holding Held bytes; the oldest was journaled
	// at Oldest, the zero time when there is none.
	Frames int
	Held   int
	Oldest time.Time
	// InFlight are requests without an answer, of Window that may be.
	InFlight, Window int
	// Single says that the last request was cut to its first frame, since
	// something on the way loses the others.
	Single bool
	// Unanswered is since when no request was answered in a way that lets it
	// get on; the zero time when it gets on or has nothing to send.
	Unanswered time.Time
	// Trouble says why it does not get on.
	Trouble Trouble
}

// Amount counts lines and the documents that were made of them.
type Amount struct{ Lines, Docs uint64 }

func (a *Amount) add(o Amount) {
	a.Lines += o.Lines
	a.Docs += o.Docs
}

// NamespaceLines are lines by what became of them.
type NamespaceLines struct{ Sent, Dead, Parked uint64 }

// Misfit is why documents were rewritten: a field, as far as the backend named
// it, in documents of a Kubernetes namespace.
type Misfit struct{ Namespace, Field string }

// Trouble says why an exporter does not get on.
type Trouble struct {
	// Holding says that a person must act; otherwise it may pass by itself.
	Holding bool
	// Reason is what happened, Cure what to change. Both are empty when there
	// is no trouble.
	Reason, Cure string
	// Since is when it began.
	Since time.Time
	// kind is equal for troubles that differ only in their figures.
	kind string
}

// places are a frame's documents by their final place.
type places struct{ stored, dead, parked Amount }

// ledger guards the Stats.
type ledger struct {
	mu sync.Mutex
	Stats
}

func (l *ledger) change(fn func(*Stats)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn(&l.Stats)
}

// remarks counts what an answer says beside the outcomes.
func (l *ledger) remarks(r *Response) {
	if r.Removed == 0 && r.Unchecked == 0 && r.Diverted == 0 {
		return
	}
	l.change(func(s *Stats) {
		s.Removed += uint64(r.Removed)
		s.Unchecked += uint64(r.Unchecked)
		s.Diverted += uint64(r.Diverted)
	})
}

func (l *ledger) snapshot() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.Stats
	s.Namespaces, s.Rewritten = maps.Clone(s.Namespaces), maps.Clone(s.Rewritten)
	return s
}

// maxMisfits bounds Stats.Rewritten; beyond it fields are not told apart.
const maxMisfits = 1000

// rewritten counts a document and says whether it is the first of its kind.
func (l *ledger) rewritten(m Misfit) (first bool) {
	l.change(func(s *Stats) {
		if s.Rewritten == nil {
			s.Rewritten = make(map[Misfit]uint64)
		}
		if _, known := s.Rewritten[m]; !known && len(s.Rewritten) >= maxMisfits {
			m = Misfit{}
		}
		s.Rewritten[m]++
		first = s.Rewritten[m] == 1
	})
	return first
}

// done counts a frame that is done.
func (l *ledger) done(f *flight) {
	if f.lost || f.excluded || f.skipped {
		return
	}
	l.change(func(s *Stats) {
		s.Sent.add(f.counts.stored)
		s.Dead.add(f.counts.dead)
		s.Parked.add(f.counts.parked)
		sources := f.source.Meta.Sources
		for i := range sources {
			s.namespace(sources[i].Namespace, NamespaceLines{Sent: sources[i].Counts.DocLines})
		}
		for name, lines := range f.strayed {
			lines.Sent -= lines.Dead + lines.Parked
			s.namespace(name, lines)
		}
	})
}

// namespace adds lines; those of files that are no container's are not kept.
func (s *Stats) namespace(name string, n NamespaceLines) {
	if name == "" {
		return
	}
	sum := s.Namespaces[name]
	sum.Sent += n.Sent
	sum.Dead += n.Dead
	sum.Parked += n.Parked
	s.Namespaces[name] = sum
}
