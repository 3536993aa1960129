package parse

import (
	"bytes"
	"math/bits"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Explanation says how a line was understood.
type Explanation struct {
	// Format is the name of the format that explained the line.
	Format string
	// Reason says why a line that was meant to be more stayed plain text.
	Reason string
	// Tried are the formats that did not match, in the order of detection.
	Tried []Mismatch
	// Notes say what was changed, and what was not believed.
	Notes []string
}

// Mismatch is a format that does not explain a line.
type Mismatch struct {
	Format, Reason string
	// Column is the first byte that does not fit, counted from 1.
	Column int
	// Wanted is what a layout has there: a variable, or the text before it.
	Wanted string
	// Described says that Wanted is no text of the line but a description.
	Described bool
}

// Explain parses record i of b as the first line of its source, and says how.
func (p *Parser) Explain(b *event.Batch, i int) Explanation {
	s := p.sourceOf(b.Source)
	for j := range s.container.streams {
		s.container.streams[j].format.Store(formatUnknown)
	}
	l := &p.line
	var e Explanation
	l.b, l.src, l.members = b, s, nil
	l.start(&b.Records[i])
	l.tryAll(&e)
	l.members = nil
	p.process(b, s, i)
	r := &b.Records[i]
	e.Format, e.Reason = s.formatName(r.Format), r.Reason
	e.noteDoubts(l)
	return e
}

// tryAll notes the formats that do not match, up to the one that does.
func (l *line) tryAll(e *Explanation) {
	candidates, sticky := l.src.candidates, true
	if candidates == nil {
		sticky = false
		candidates = headed(l.text)
	}
	for _, f := range candidates {
		if l.try(f, sticky) {
			l.undo()
			return
		}
		e.Tried = append(e.Tried, l.mismatch(f))
	}
}

// mismatch says why the line is not of format f, which was tried last.
func (l *line) mismatch(f uint8) Mismatch {
	m := Mismatch{Format: l.src.formatName(f), Reason: l.reason.String(), Column: l.at + 1}
	switch l.reason {
	case reasonCustom:
		at := misfit{l.at, l.wanted, true}
		if find := l.src.custom.misfit; find != nil {
			at = find(l.text)
		}
		m.Column, m.Wanted, m.Described = at.at+1, at.wanted, at.described
	case reasonCustomTime, reasonCustomValue:
		m.Wanted, m.Described = l.wanted, true
	case reasonLayout:
		m.Wanted = l.wanted
	}
	return m
}

// formatName is the name of format f for lines of the source.
func (s *source) formatName(f uint8) string {
	if f == formatCustom && s.custom != nil {
		return s.custom.name
	}
	return formats[f].name
}

// headed are the formats some of whose lines begin as a line does: detection
// leaves out those of another shape, which have a reason too.
func headed(text []byte) (candidates []uint8) {
	if len(text) == 0 {
		return nil
	}
	for set := detectable.byHead[text[0]]; set != 0; set &= set - 1 {
		candidates = append(candidates, uint8(bits.TrailingZeros64(set)))
	}
	return candidates
}

// doubts are what is said of a key whose value was not what it promises.
var doubts = [numRoles]string{
	roleTime:        "not taken as the time: unreadable, out of range or not the first choice",
	roleTrace:       "not taken as a trace id: invalid, or another one came first",
	roleSpan:        "not taken as a span id: invalid, or without a trace id",
	roleTraceparent: "not taken as trace context: invalid, or another one came first",
	roleHeader:      "not taken as trace context: invalid, or another one came first",
}

// noteDoubts notes the keys that were left as attributes although they are
// known for something else.
func (e *Explanation) noteDoubts(l *line) {
	for i := range l.members {
		m := &l.members[i]
		k := &appKeys.keys[appKeys.find(l.text, m).known]
		doubt := doubts[k.role]
		// An object may have had the id in it; what is absent is in no doubt.
		settled := m.Kind == strictjson.Object && l.r.TraceID != [16]byte{} || m.Kind == strictjson.Null || string(l.content(m)) == "-"
		if m.Mark == markNone && doubt != "" && !settled && !l.states(m, k) {
			e.Notes = append(e.Notes, string(l.text[m.Key:m.KeyEnd])+": "+doubt)
		}
		if m.Mark == markRenamed {
			e.Notes = append(e.Notes, string(l.text[m.Key:m.KeyEnd])+": written differently, the original spelling is kept "+l.originalsPlace())
		}
	}
}

// states reports whether a header, which stays an attribute since it may say more,
// is of the trace that the record has.
func (l *line) states(m *strictjson.Member, k *key) bool {
	var c context
	value := bytes.Trim(l.content(m), " ")
	valid := k.role == roleHeader && parseHeader(k.header, value, &c) || k.role == roleTraceparent && parseTraceparent(value, &c)
	return valid && c.trace == l.r.TraceID
}

// originalsPlace is where the spelling of an id stays.
func (l *line) originalsPlace() string {
	if l.r.Format == formatText {
		return "in the line"
	}
	return "beside"
}
