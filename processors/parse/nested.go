package parse

import (
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
