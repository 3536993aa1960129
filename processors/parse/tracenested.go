package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// nestedTrace looks for trace ids inside the objects that loggers put context
// into: by the same keys, and as ECS's trace{id} and Datadog's dd{trace_id}.
func (l *line) nestedTrace() {
	for i := range l.members {
		m := &l.members[i]
		if appKeys.keys[m.Known].role != roleHolder {
			continue
		}
		if l.nestedIn(m); l.r.TraceID != [16]byte{} {
			return
		}
	}
}

// nestedIn looks inside one member.
func (l *line) nestedIn(m *strictjson.Member) {
	name := l.text[m.Key:m.KeyEnd]
	switch {
	case m.Kind == strictjson.Array:
		l.nestedArray(l.text[m.Value:m.ValueEnd])
	case m.Kind == strictjson.String && string(name) == "trace":
		l.entryTrace(m)
	case m.Kind != strictjson.Object:
	case string(name) == "trace":
		l.nestedECS(m)
	case string(name) == "dd":
		l.nestedDatadog(m)
	default:
		if text, ok := l.inside(m); ok {
			l.contextIn(text)
		}
	}
}

// entryTrace reads the trace and spanId of Google's LogEntry. The value must
// be a trace's resource name: a bare text under "trace" may be anything.
func (l *line) entryTrace(m *strictjson.Member) {
	var c context
	s := l.content(m)
	if !bytes.HasPrefix(s, []byte("projects/")) {
		return
	}
	if _, ok := decodeTrace(&c, famGCP, m.Kind, s); !ok {
		return
	}
	for i := range l.members {
		if o := &l.members[i]; string(l.text[o.Key:o.KeyEnd]) == "spanId" {
			decodeSpan(&c, famGCP, o.Kind, l.content(o))
		}
	}
	l.give(&c)
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

// nestedArray looks inside the objects of an array, such as .NET's Scopes. The
// array stands in a line that was scanned, so it is valid.
func (l *line) nestedArray(text []byte) {
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = closingQuote(text, i+1)
		case '{', '[':
			if depth++; depth == 2 {
				start = i
			}
		case '}', ']':
			if depth--; depth == 1 && text[i] == '}' && l.inner.Scan(text[start:i+1]) {
				l.contextIn(text[start : i+1])
			}
		}
		if l.r.TraceID != [16]byte{} {
			return
		}
	}
}

// contextIn reads the keys of the table in an object that inner has scanned.
func (l *line) contextIn(text []byte) {
	var f found
	members := l.inner.Members
	f.classify(text, members)
	if f.best[roleTrace] != 0 && l.takeFamilies(text, members, &f, 0, famVendor) {
		return
	}
	var c context
	if at := f.best[roleTraceparent]; at != 0 && parseTraceparent(l.contentIn(text, &members[at-1]), &c) {
		l.give(&c)
		return
	}
	if at := f.best[roleHeader]; at != 0 {
		m := &members[at-1]
		c = context{}
		if parseHeader(appKeys.keys[m.Known].header, l.contentIn(text, m), &c) && l.give(&c) {
			return
		}
	}
	if f.best[roleTrace] != 0 {
		l.takeFamilies(text, members, &f, famVendor, numFamilies)
	}
}

// kongTrace reads the object that Kong's log plugins write as trace_id, the same
// id in the spelling of each header that was there (kong/tracing/propagation).
func (l *line) kongTrace(m *strictjson.Member) {
	for _, spelling := range [...]struct {
		name   string
		family family
	}{
		{"w3c", famSnake}, {"b3", famB3}, {"b3-single", famB3}, {"jaeger", famSnake}, {"ot", famSnake}, {"aws", famXRay}, {"datadog", famDatadog},
	} {
		var c context
		if id, text := l.member(m, spelling.name); id != nil {
			if _, ok := decodeTrace(&c, spelling.family, id.Kind, l.contentIn(text, id)); ok && l.give(&c) {
				return
			}
		}
	}
}
