package parse

import (
	"slices"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// compileMembers makes a format of lines that name their fields. The definition
// maps some; the others are read as in json and logfmt, by the keys that
// loggers have, for what the definition names no field for.
func (c *custom) compileMembers(d *lineformat.Definition, split func(*customLine) bool) error {
	names := namesIn(d)
	c.split, c.keyed, c.byKey = split, true, make(map[string]int, len(names))
	for i, name := range names {
		c.byKey[name] = i
	}
	return c.named(d, names)
}

// namesIn are the fields that a definition speaks of.
func namesIn(d *lineformat.Definition) []string {
	names := []string{d.Timestamp.ParseFrom, d.Severity.ParseFrom, d.Body, d.Trace.TraceID, d.Trace.SpanID, d.Trace.Traceparent}
	for name := range d.Attributes {
		names = append(names, name)
	}
	for name := range d.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "" })
}

// object reads a JSON object. Its own keys are fields, not those of objects in
// it.
func (x *customLine) object() bool {
	if !x.l.scan() || !x.members() {
		return false
	}
	x.l.applicationBut(&x.c.has)
	x.l.addMembers()
	return true
}

// pairs reads key=value pairs.
func (x *customLine) pairs() bool {
	l := x.l
	if first := keyEnd(l.text, 0); first == 0 || first == len(l.text) || l.text[first] != '=' {
		l.wanted = "key=value"
		return l.fail(reasonCustom, first)
	}
	pairs, bare, end := l.scanPairs(0)
	if end == len(l.text) && pairs <= len(l.members)-pairs {
		end = bare
	}
	if end < len(l.text) {
		l.wanted = "key=value"
		return l.fail(reasonCustom, end)
	}
	twice := l.lastWins()
	if !x.members() {
		return false
	}
	l.applicationBut(&x.c.has)
	l.addPairs()
	if twice {
		l.wholeBody()
	}
	return true
}

// members takes those that the definition names, and hides their keys from
// what else looks at members.
func (x *customLine) members() bool {
	l := x.l
	for i := range l.members {
		m := &l.members[i]
		at, ok := x.c.byKey[string(l.text[m.Key:m.KeyEnd])]
		if !ok || m.Mark == markTaken {
			continue
		}
		if !x.put(&x.c.fields[at], x.valueOf(m)) {
			return false
		}
		m.Mark, m.Word = markTaken, 0
	}
	x.give()
	return true
}

// valueOf is a member's value; null says nothing.
func (x *customLine) valueOf(m *strictjson.Member) *customValue {
	l, v := x.l, &x.value
	*v = customValue{member: m, s: l.content(m), at: int(m.Value), span: l.span(int(m.Value), int(m.ValueEnd))}
	switch {
	case m.Kind == strictjson.Null:
		v.s = nil
	case m.Kind != strictjson.String && m.Kind != kindQuoted:
	case m.EscapedValue:
		v.span = l.b.Append(v.s)
	default:
		v.span = l.span(int(m.Value)+1, int(m.ValueEnd)-1)
	}
	return v
}
