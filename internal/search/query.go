package search

import (
	"bytes"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Query says which lines are wanted and what is kept of them. The zero Query
// wants all.
type Query struct {
	// Since and Until bound the event's time, ns since the Unix epoch, Until
	// excluded; 0 leaves that side open.
	Since, Until int64
	Scope        Scope
	// Level is the least severity number; lines without one are left out when
	// it is above 0.
	Level   int
	Status  *StatusRange
	Pattern *Pattern
	// Terms are ids of which a line must have one.
	Terms []Term
	// Restart chooses lives of containers, by UID and container's name; nil
	// takes all.
	Restart map[string]string
	// Context asks for the lines in scope that do not match as well.
	Context bool
	// Keep appends to dst what is needed of a document when its turn comes:
	// keeping the finished line instead of the document saves memory. Nil
	// keeps the document.
	Keep func(dst []byte, d *Document) []byte

	// first are the lines that each container's output begins with, when only
	// the last ones are wanted.
	first map[uint64]lineKey
	// floor is the time of the earliest of them.
	floor int64
}

// Term is a trace id or a request id that lines are looked up by.
type Term struct {
	// Text is the id as it stands in documents.
	Text []byte
	// Trace says that it is a trace id, which only the field trace_id holds.
	Trace bool
	// Hash is how filters know it.
	Hash uint64
}

// has says whether the document has the id.
func (t Term) has(d *Document) bool {
	if t.Trace {
		return bytes.Equal(d.TraceID(), t.Text)
	}
	return d.Mentions(t.Text)
}

func (q *Query) overlaps(first, last int64) bool {
	return last >= q.Since && last >= q.floor && first < q.until()
}

func (q *Query) until() int64 {
	if q.Until == 0 {
		return math.MaxInt64
	}
	return q.Until
}

func (q *Query) inFilter(f frame.Filter) bool {
	if len(q.Terms) == 0 {
		return true
	}
	for _, t := range q.Terms {
		if f.Has(t.Hash) {
			return true
		}
	}
	return false
}

// Wants says whether a document is one of the lines that are looked for.
func (q *Query) Wants(d *Document) bool { return q.inScope(d, d.Time()) && q.matches(d) }

// inScope says whether the line is one that context may be made of.
func (q *Query) inScope(d *Document, at int64) bool {
	return at >= q.Since && at < q.until() && q.Scope.has(d) && q.inLife(d)
}

func (q *Query) inLife(d *Document) bool {
	if q.Restart == nil {
		return true
	}
	life, ok := q.Restart[string(d.Resource("k8s.pod.uid"))+"/"+string(d.Resource("k8s.container.name"))]
	return ok && life == string(d.Resource("k8s.container.restart_count"))
}

// matches says whether a line in scope is wanted.
func (q *Query) matches(d *Document) bool {
	switch {
	case q.Level > 0 && d.Severity() < q.Level:
		return false
	case q.Status != nil && !q.Status.has(d):
		return false
	case q.Pattern != nil && !q.Pattern.Match(d):
		return false
	}
	return q.hasTerm(d)
}

func (q *Query) hasTerm(d *Document) bool {
	for _, t := range q.Terms {
		if t.has(d) {
			return true
		}
	}
	return len(q.Terms) == 0
}

// literals are what every wanted document has one of; nil when there is no
// telling.
func (q *Query) literals() []literal {
	if q.Context {
		return nil
	}
	if len(q.Terms) > 0 {
		return termLiterals(q.Terms)
	}
	if q.Pattern != nil && q.Pattern.needs != nil {
		return q.Pattern.needs
	}
	if q.Status != nil {
		return []literal{{text: []byte(statusKey)}}
	}
	return levelLiterals(q.Level)
}

func termLiterals(terms []Term) []literal {
	var lits []literal
	for _, t := range terms {
		lits = append(lits, longest([]rune(string(t.Text)), false)...)
	}
	if len(lits) < len(terms) {
		return nil
	}
	return lits
}

// levelLiterals are how documents begin to say that they are of a level or
// worse. Below warnings, most documents are, and looking for it saves nothing.
func levelLiterals(level int) []literal {
	if level < levels["warn"] {
		return nil
	}
	var lits []literal
	for n := level; n <= maxSeverity; n++ {
		lits = append(lits, literal{text: fmt.Appendf(nil, `"severity_number":%d`, n)})
	}
	return lits
}

// isLast says whether the line is one of its container's last.
func (q *Query) isLast(d *Document, k lineKey) bool {
	if q.first == nil {
		return true
	}
	first, ok := q.first[originOf(d)]
	return ok && k.compare(first) >= 0
}

// originOf tells containers apart, and files that are no container's.
func originOf(d *Document) uint64 {
	o := d.origin()
	if o.Pod == "" {
		return xxh3.Hash(d.Attribute("log.file.path"))
	}
	return o.hash()
}

func (o origin) hash() uint64 {
	return xxh3.HashString(o.Namespace + "\x00" + o.Pod + "\x00" + o.Container)
}
