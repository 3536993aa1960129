package parse

import (
	"math/bits"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// line is the record being parsed and the memory that parsing reuses.
type line struct {
	p   *Parser
	b   *event.Batch
	r   *event.Record
	src *source
	// text is the record's Line, and only its first line while a format looks at
	// it. It stays readable when the arena moves.
	text []byte
	// sticky says that the stream is known to be of the format being tried,
	// which may then be less strict than detection.
	sticky bool
	trying uint8
	// reason and at say why and at which byte the last format failed.
	reason reason
	at     int
	// wanted is the variable of the layout being tried that should be at at,
	// or the literal before it.
	wanted string
	// stamp is the time that isoAt found at stampAt-1, where that is not less
	// than zero.
	stamp   stamp
	stampAt int
	// What undo goes back to.
	runtimeTime   int64
	fields, bytes int

	scanner *strictjson.Scanner
	// inner scans an object inside the line that scanner has accepted.
	inner   *strictjson.Scanner
	members []strictjson.Member
	// names are those that the line's members cannot have.
	names nameSet
	// pairs is the memory of members of text formats.
	pairs      []strictjson.Member
	scratch    []byte
	clock      clock
	severities severities
	// variants are the layouts of each format that matched last.
	variants [maxFormats]uint8
	// access is what layouts give attributes by.
	access access
	// custom is the memory of custom formats.
	custom customLine
	// exception is what was found in a trace last.
	exception exception
}

// start makes r the record being parsed.
func (l *line) start(r *event.Record) {
	l.r, l.text = r, l.b.Bytes(r.Line)
	if r.Lines > 1 {
		l.text = firstLine(l.text)
	}
	l.stampAt = 0
	l.runtimeTime, l.fields, l.bytes = r.Time, len(l.b.Fields), len(l.b.Data)
	r.First = uint32(l.fields)
}

// undo takes back what a format did to the record before it gave up.
func (l *line) undo() {
	old := l.r
	*old = event.Record{
		Raw: old.Raw, Line: old.Line, Start: old.Start, End: old.End, Lines: old.Lines,
		Stream: old.Stream, Flags: old.Flags, Time: l.runtimeTime, Observed: old.Observed, First: old.First,
	}
	l.b.Fields, l.b.Data = l.b.Fields[:l.fields], l.b.Data[:l.bytes]
}

// parse finds the format of the line and takes it apart.
func (l *line) parse(s *stream) {
	switch {
	case l.src.container.quarantined.Load():
		l.raw(reasonQuarantined)
	case l.r.Flags&event.Malformed != 0:
		l.raw(reasonMalformed)
	case len(l.text) == 0, l.r.Flags&event.Continuation != 0:
		l.raw(reasonNone)
	case l.src.candidates != nil:
		l.parseExplicit()
	default:
		l.parseDetected(s)
	}
}

// parseExplicit tries the formats that the configuration names.
func (l *line) parseExplicit() {
	why, by := reasonNone, uint8(0)
	for _, f := range l.src.candidates {
		if l.try(f, true) {
			return
		}
		if f == formatGiven || why == reasonNone {
			why, by = l.reason, f
		}
	}
	l.trying = by
	l.raw(why)
}

// parseDetected tries the format found for the stream, or looks for one.
func (l *line) parseDetected(s *stream) {
	f := s.format.Load()
	if f == formatUnknown {
		l.detect(s)
		return
	}
	if l.try(uint8(f), true) {
		s.hit()
		return
	}
	why, at := l.reason, l.at
	if r := rivals[f]; r != formatText && l.try(r, false) {
		s.format.Store(uint32(r))
		return
	}
	// The head of a line that was too long says nothing about its stream.
	cut := l.r.Flags&event.Truncated != 0
	if !cut && l.ofAny() {
		if l.r.Format == uint8(f) {
			s.hit()
		} else {
			s.miss()
		}
		return
	}
	l.trying, l.at = uint8(f), at
	l.raw(why)
	if !cut {
		s.miss()
	}
}

// ofAny tries all formats for a line that its stream's does not explain: several
// programs may write to one stream, and a server its own log beside that of
// requests. It settles nothing for the stream.
func (l *line) ofAny() bool {
	for set := detectable.of(l); set != 0; set &= set - 1 {
		if l.try(uint8(bits.TrailingZeros64(set)), false) {
			return true
		}
	}
	return false
}

// detect tries every format in turn. Text is the answer for this line only:
// a stream may begin with a banner. A reason is kept when the line was clearly
// meant to be of a format, as a broken JSON object is.
func (l *line) detect(s *stream) {
	meant := reasonNone
	var by uint8
	for set := detectable.of(l); set != 0; set &= set - 1 {
		f := uint8(bits.TrailingZeros64(set))
		if l.try(f, false) {
			s.format.Store(uint32(f))
			s.lines, s.misses = 1, 0
			return
		}
		if why := l.reason; why != reasonMisfit && !why.weak() {
			meant, by = why, f
		}
	}
	l.trying = by
	l.raw(meant)
}

// try parses the line as format f.
func (l *line) try(f uint8, sticky bool) bool {
	l.trying, l.sticky, l.reason, l.at = f, sticky, reasonNone, 0
	if formats[f].parse(l) {
		l.accept(f)
		return true
	}
	if len(l.b.Fields) != l.fields || len(l.b.Data) != l.bytes || l.r.Time != l.runtimeTime || l.r.Severity != 0 {
		l.undo()
	}
	return false
}

// accept settles that the record is of format f.
func (l *line) accept(f uint8) {
	l.r.Format = f
	l.p.lines[f]++
}

// raw makes the record a raw line. With a reason it is counted as a failure
// of the format that was tried last.
func (l *line) raw(why reason) {
	if why == reasonPanic || why == reasonQuarantined {
		l.wholeBody()
	} else {
		parseText(l)
	}
	l.accept(formatText)
	if why != reasonNone {
		l.r.Reason = why.String()
		l.p.counters.failures[l.trying][why].Add(1)
	}
}

// fail notes why the line is not of the format being tried, and at which byte.
func (l *line) fail(why reason, at int) bool {
	l.reason, l.at = why, at
	return false
}

// appended is the place in the arena of what was appended to it from at on.
func (l *line) appended(at int) event.Span {
	return event.Span{Off: uint32(at), Len: uint32(len(l.b.Data) - at)}
}

// span is the place in the arena of text[from:to].
func (l *line) span(from, to int) event.Span {
	return event.Span{Off: l.r.Line.Off + uint32(from), Len: uint32(to - from)}
}

// field gives the record another attribute, to be filled in place: a Field is large
// to hand around a dozen times per line, or to clear. It has what it had in an
// earlier line, so whoever takes it sets its Name, or its Key and no Name, and the
// Kind of its Value and what that Kind has.
func (l *line) field() *event.Field {
	b := l.b
	n := len(b.Fields)
	if n < cap(b.Fields) {
		b.Fields = b.Fields[:n+1]
	} else {
		b.Fields = append(b.Fields, event.Field{})
	}
	return &b.Fields[n]
}

// keyed is field for an attribute whose name stands in the arena.
func (l *line) keyed(key event.Span) *event.Field {
	f := l.field()
	f.Name, f.Key = "", key
	return f
}

// own are the attributes that the record has so far.
func (l *line) own() []event.Field { return l.b.Fields[l.fields:] }

// addText and the like add an attribute of a known name.
func (l *line) addText(name string, s event.Span) { l.addSpan(name, event.KindText, s) }

// addJSON adds what is copied as it stands: valid JSON.
func (l *line) addJSON(name string, s event.Span) { l.addSpan(name, event.KindJSON, s) }

func (l *line) addSpan(name string, kind event.Kind, s event.Span) {
	f := l.field()
	f.Name, f.Value.Kind, f.Value.Span = name, kind, s
}

func (l *line) addInt(name string, n int64) {
	f := l.field()
	f.Name, f.Value.Kind, f.Value.Num = name, event.KindInt, n
}

// addBool adds what is true when truth is not 0.
func (l *line) addBool(name string, truth int64) {
	f := l.field()
	f.Name, f.Value.Kind, f.Value.Num = name, event.KindBool, truth
}

func (l *line) addConst(name, value string) {
	f := l.field()
	f.Name, f.Value.Kind, f.Value.Const = name, event.KindConst, value
}

// dataset gives the record its format's dataset, unless the source has one by
// configuration.
func (l *line) dataset(name string) {
	if l.b.Source.Dataset == "" {
		l.r.Dataset = name
	}
}

// wholeBody makes the record's body the whole line.
func (l *line) wholeBody() {
	l.r.Body = event.Value{}
	if !isUTF8(l.text) {
		l.r.Flags |= event.Escape
	}
}
