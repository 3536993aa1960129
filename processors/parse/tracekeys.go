package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// takeTrace gives the record the trace context that the line's members state:
// an explicit pair of ids before a traceparent before vendors' own headers and
// keys, and all of these before what is nested.
func (l *line) takeTrace(f *found) {
	if l.r.TraceID != [16]byte{} {
		return
	}
	if f.best[roleTrace] != 0 && l.takeFamilies(l.text, l.members, f, 0, famVendor) {
		return
	}
	if f.best[roleTraceparent] != 0 && l.each(f, roleTraceparent, (*line).takeTraceparent) {
		return
	}
	if f.best[roleHeader] != 0 && l.each(f, roleHeader, (*line).takeHeader) {
		return
	}
	if f.best[roleTrace] != 0 && l.takeFamilies(l.text, l.members, f, famVendor, numFamilies) {
		return
	}
	if f.best[roleHolder] != 0 {
		l.nestedTrace()
	}
	if at := f.traces[famSnake]; at != 0 && l.r.TraceID == [16]byte{} {
		l.kongTrace(&l.members[at-1])
	}
}

// takeFamilies takes the ids of the first family that has a valid trace id.
func (l *line) takeFamilies(text []byte, members []strictjson.Member, f *found, from, to family) bool {
	for fam := from; fam < to; fam++ {
		if f.traces[fam] != 0 && l.takePair(text, members, f, fam) {
			return true
		}
	}
	return false
}

// takePair decodes the ids of one family and marks those that are taken. An
// id that we write differently keeps its original spelling beside.
func (l *line) takePair(text []byte, members []strictjson.Member, f *found, fam family) bool {
	var c context
	trace := &members[f.traces[fam]-1]
	ok := false
	if trace.Mark, ok = decodeTrace(&c, fam, trace.Kind, l.contentIn(text, trace)); !ok {
		return false
	}
	if at := f.spans[fam]; at != 0 {
		span := &members[at-1]
		span.Mark, _ = decodeSpan(&c, fam, span.Kind, l.contentIn(text, span))
	}
	if at := f.best[roleHigh]; at != 0 && fam == famDatadog {
		datadogHigh(&c, l.contentIn(text, &members[at-1]))
	}
	if at := f.best[roleFlags]; at != 0 {
		flags := &members[at-1]
		if c.hasFlags, c.flags = traceFlags(l.contentIn(text, flags)); c.hasFlags {
			flags.Mark = markTaken
		}
	}
	return l.give(&c)
}

// decodeTrace reads a trace id as its family writes it. The mark is that of an
// id that is spelled as we write it, or differently.
func decodeTrace(c *context, fam family, kind strictjson.Kind, s []byte) (mark uint8, ok bool) {
	text := kind == strictjson.String || kind == kindBare || kind == kindQuoted
	var buf [64]byte
	switch {
	case text && exactID(c.trace[:], s):
		return markTaken, true
	case fam == famDatadog && len(s) < 32:
		ok = decimalID(c.trace[:], s)
	case fam == famOpenTracing:
		ok = text && len(s) <= 16 && hexDigits(c.trace[:], s)
	case fam == famSkyWalking:
		ok = text && skyWalkingTrace(c, s)
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
	text := kind == strictjson.String || kind == kindBare || kind == kindQuoted
	switch {
	case fam == famDatadog:
		ok = decimalID(c.span[:], s)
	case text && exactID(c.span[:], s):
		return markTaken, true
	case fam == famOpenTracing:
		ok = text && hexDigits(c.span[:], s)
	case fam == famAzure:
		ok = text && hexID(c.span[:], azureSpan(s))
	default:
		ok = text && hexID(c.span[:], bytes.Trim(s, " "))
	}
	if !ok {
		c.span = [8]byte{}
		return markNone, false
	}
	return markRenamed, true
}

// azureSpan is the last part of Application Insights' hierarchical id,
// |root.span. (the Request-Id header of .NET's System.Diagnostics.Activity).
func azureSpan(s []byte) []byte {
	if len(s) == 0 || s[0] != '|' {
		return s
	}
	s = bytes.TrimSuffix(s[1:], []byte("."))
	return s[bytes.LastIndexByte(s, '.')+1:]
}

// datadogHigh adds the upper half, 16 digits under _dd.p.tid or that tag in a
// list of tags, to a trace id that only has its lower.
func datadogHigh(c *context, s []byte) {
	const tag = "_dd.p.tid="
	if i := bytes.Index(s, []byte(tag)); i >= 0 {
		s, _, _ = bytes.Cut(s[i+len(tag):], []byte(","))
	}
	var high [8]byte
	if len(s) == 2*len(high) && lowerHex(high[:], s) && allZero(c.trace[:8]) {
		copy(c.trace[:], high[:])
	}
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

// takeHeader takes another header, which stays an attribute since it may say
// more.
func (l *line) takeHeader(m *strictjson.Member) bool {
	var c context
	h := appKeys.keys[m.Known].header
	return parseHeader(h, bytes.Trim(l.content(m), " "), &c) && l.give(&c)
}
