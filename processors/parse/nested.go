package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// inside scans the object that is m's value and returns its text, to which
// the positions of l.inner.Members relate. What is found inside is copied
// into the record and never taken out of its place.
func (l *line) inside(m *strictjson.Member) ([]byte, bool) {
	text := l.text[m.Value:m.ValueEnd]
	return text, m.Kind == strictjson.Object && l.inner.Scan(text)
}

// member is the first of the names that m's object has, and the text that its
// positions relate to.
func (l *line) member(m *strictjson.Member, names ...string) (*strictjson.Member, []byte) {
	text, ok := l.inside(m)
	if !ok {
		return nil, nil
	}
	for _, name := range names {
		for i := range l.inner.Members {
			if o := &l.inner.Members[i]; string(text[o.Key:o.KeyEnd]) == name {
				return o, text
			}
		}
	}
	return nil, nil
}

// holder is the line's member of that name if it is an object.
func (l *line) holder(f *found, name string) *strictjson.Member {
	if f.best[roleHolder] == 0 {
		return nil
	}
	for i := range l.members {
		if m := &l.members[i]; m.Kind == strictjson.Object && string(l.text[m.Key:m.KeyEnd]) == name {
			return m
		}
	}
	return nil
}

// nestedLevel reads ECS's log{level}.
func (l *line) nestedLevel(f *found) bool {
	h := l.holder(f, "log")
	if h == nil {
		return false
	}
	m, text := l.member(h, "level")
	if m == nil || m.Kind != strictjson.String {
		return false
	}
	l.r.Severity = severityOf(l.contentIn(text, m))
	l.r.SeverityText = event.JSON(l.span(int(h.Value+m.Value), int(h.Value+m.ValueEnd)))
	return true
}

// nestedMessage reads the fields{message} of Rust's tracing.
func (l *line) nestedMessage(f *found) {
	h := l.holder(f, "fields")
	if h == nil {
		return
	}
	if m, _ := l.member(h, "message"); m != nil && m.Kind == strictjson.String {
		l.r.Body = event.JSON(l.span(int(h.Value+m.Value), int(h.Value+m.ValueEnd)))
	}
}

// takeTrace gives the record the trace context that the line states: an
// explicit pair of ids before a traceparent before vendors' own headers, and
// all of these before what is nested.
func (l *line) takeTrace(f *found) {
	if f.best[roleTrace] != 0 && l.takeFamilies(f, 0, famVendor) {
		return
	}
	if f.best[roleTraceparent] != 0 && l.each(f, roleTraceparent, (*line).takeTraceparent) {
		return
	}
	if f.best[roleB3] != 0 && l.each(f, roleB3, (*line).takeB3) {
		return
	}
	if f.best[roleTrace] != 0 && l.takeFamilies(f, famVendor, numFamilies) {
		return
	}
	if f.best[roleHolder] != 0 {
		l.nestedTrace()
	}
}

// takeFamilies takes the ids of the first family that has a valid trace id.
func (l *line) takeFamilies(f *found, from, to family) bool {
	for fam := from; fam < to; fam++ {
		if f.traces[fam] == 0 {
			continue
		}
		trace := &l.members[f.traces[fam]-1]
		var span, flags *strictjson.Member
		if at := f.spans[fam]; at != 0 {
			span = &l.members[at-1]
		}
		if at := f.best[roleFlags]; at != 0 {
			flags = &l.members[at-1]
		}
		if l.takePair(l.text, fam, trace, span, flags) {
			return true
		}
	}
	return false
}

// takePair decodes the ids of one family and marks those that are taken. An
// id that we write differently keeps its original spelling beside.
func (l *line) takePair(text []byte, fam family, trace, span, flags *strictjson.Member) bool {
	var c context
	ok := false
	if trace.Mark, ok = decodeTrace(&c, fam, trace.Kind, l.contentIn(text, trace)); !ok {
		return false
	}
	if span != nil {
		span.Mark, _ = decodeSpan(&c, fam, span.Kind, l.contentIn(text, span))
	}
	if flags != nil {
		if c.hasFlags, c.flags = traceFlags(l.contentIn(text, flags)); c.hasFlags {
			flags.Mark = markTaken
		}
	}
	return l.give(&c)
}

// decodeTrace reads a trace id as its family writes it. The mark is that of an
// id that is spelled as we write it, or differently.
func decodeTrace(c *context, fam family, kind strictjson.Kind, s []byte) (mark uint8, ok bool) {
	text := kind == strictjson.String || kind == kindBare
	var buf [64]byte
	switch {
	case text && exactID(c.trace[:], s):
		return markTaken, true
	case fam == famDatadog && len(s) < 32:
		ok = decimalID(c.trace[:], s)
	default:
		ok = text && hexID(c.trace[:], traceDigits(s, &buf))
	}
	if !ok {
		return markNone, false
	}
	return markRenamed, true
}

// decodeSpan reads a span id as its family writes it.
func decodeSpan(c *context, fam family, kind strictjson.Kind, s []byte) (mark uint8, ok bool) {
	text := kind == strictjson.String || kind == kindBare
	switch {
	case fam == famDatadog:
		ok = decimalID(c.span[:], s)
	case text && exactID(c.span[:], s):
		return markTaken, true
	default:
		ok = text && hexID(c.span[:], bytes.Trim(s, " "))
	}
	if !ok {
		c.span = [8]byte{}
		return markNone, false
	}
	return markRenamed, true
}

// traceFlags reads two hexadecimal digits, a number or a truth value.
func traceFlags(s []byte) (known bool, flags uint8) {
	if known, flags = sampling(s); known {
		return known, flags
	}
	var b [1]byte
	if len(s) == 2 && lowerHex(b[:], s) {
		return true, b[0]
	}
	return false, 0
}

// takeTraceparent takes a W3C header whole.
func (l *line) takeTraceparent(m *strictjson.Member) bool {
	var c context
	if !parseTraceparent(bytes.Trim(l.content(m), " "), &c) || !l.give(&c) {
		return false
	}
	if !c.altered {
		m.Mark = markTaken
	}
	return true
}

// takeB3 takes a single B3 header, which stays an attribute since it may say more.
func (l *line) takeB3(m *strictjson.Member) bool {
	var c context
	return parseB3(bytes.Trim(l.content(m), " "), &c) && l.give(&c)
}

// nestedTrace looks for trace ids inside the objects that loggers put context
// into: by the same keys, and as ECS's trace{id} and Datadog's dd{trace_id}.
func (l *line) nestedTrace() {
	for i := range l.members {
		m := &l.members[i]
		if m.Kind != strictjson.Object || appKeys.keys[appKeys.find(l.text, m)].role != roleHolder {
			continue
		}
		switch string(l.text[m.Key:m.KeyEnd]) {
		case "trace":
			l.nestedECS(m)
		case "dd":
			l.nestedDatadog(m)
		default:
			l.nestedContext(m)
		}
		if l.r.TraceID != [16]byte{} {
			return
		}
	}
}

// nestedECS reads trace{id} with span{id} or transaction{id} beside it.
func (l *line) nestedECS(m *strictjson.Member) {
	var c context
	id, text := l.member(m, "id")
	if id == nil {
		return
	}
	if _, ok := decodeTrace(&c, famDotted, id.Kind, l.contentIn(text, id)); !ok {
		return
	}
	for i := range l.members {
		o := &l.members[i]
		name := l.text[o.Key:o.KeyEnd]
		if string(name) != "span" && (string(name) != "transaction" || c.span != [8]byte{}) {
			continue
		}
		if id, text := l.member(o, "id"); id != nil {
			decodeSpan(&c, famDotted, id.Kind, l.contentIn(text, id))
		}
	}
	l.give(&c)
}

// nestedDatadog reads dd{trace_id,span_id}, in decimal.
func (l *line) nestedDatadog(m *strictjson.Member) {
	trace, text := l.member(m, "trace_id")
	if trace == nil {
		return
	}
	var c context
	if _, ok := decodeTrace(&c, famDatadog, trace.Kind, l.contentIn(text, trace)); !ok {
		return
	}
	if span, text := l.member(m, "span_id"); span != nil {
		decodeSpan(&c, famDatadog, span.Kind, l.contentIn(text, span))
	}
	l.give(&c)
}

// nestedContext reads the keys of the table inside a map of context.
func (l *line) nestedContext(m *strictjson.Member) {
	text, ok := l.inside(m)
	if !ok {
		return
	}
	var f found
	f.classify(text, l.inner.Members)
	for fam := range numFamilies {
		if f.traces[fam] == 0 {
			continue
		}
		var span, flags *strictjson.Member
		if at := f.spans[fam]; at != 0 {
			span = &l.inner.Members[at-1]
		}
		if at := f.best[roleFlags]; at != 0 {
			flags = &l.inner.Members[at-1]
		}
		if l.takePair(text, fam, &l.inner.Members[f.traces[fam]-1], span, flags) {
			return
		}
	}
	if at := f.best[roleTraceparent]; at != 0 {
		var c context
		if parseTraceparent(l.contentIn(text, &l.inner.Members[at-1]), &c) {
			l.give(&c)
		}
	}
}
