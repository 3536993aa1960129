package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// template is a message template of Serilog's (https://messagetemplates.org)
// while the line's members are put into it.
type template struct {
	l *line
	// text is what is left of it.
	text []byte
	// renderings are those of @r that are left: of the properties with a format,
	// in their order, as the program rendered them
	// (https://clef-json.org).
	renderings []byte
	properties int
}

// maxProperties bounds those of a template, each of which is looked for among
// the line's members.
const maxProperties = 256

// rendered makes the body of a template that has properties, which stays an
// attribute, since it is the same for all messages of its kind. It reports
// whether there are properties, and not so many or so long ones that the message
// would be much longer than the line.
func (l *line) rendered(m *strictjson.Member) bool {
	t := template{l: l, text: l.text[m.Value+1 : m.ValueEnd-1], renderings: l.renderings()}
	if bytes.IndexByte(t.text, '{') < 0 {
		return false
	}
	at := len(l.b.Data)
	for len(t.text) > 0 {
		if t.next(); t.properties > maxProperties || len(l.b.Data)-at > 2*len(l.text) {
			l.b.Data = l.b.Data[:at]
			return false
		}
	}
	l.r.Body = event.Text(l.appended(at))
	return true
}

// renderings are what is between the brackets of @r.
func (l *line) renderings() []byte {
	for i := range l.members {
		if m := &l.members[i]; m.Kind == strictjson.Array && string(l.text[m.Key:m.KeyEnd]) == "@r" {
			return l.text[m.Value+1 : m.ValueEnd-1]
		}
	}
	return nil
}

// next takes the text up to the next property, or the property.
func (t *template) next() {
	brace := bytes.IndexAny(t.text, "{}")
	switch {
	case brace < 0:
		t.literal(len(t.text))
	case brace > 0:
		t.literal(brace)
	case len(t.text) > 1 && t.text[1] == t.text[0]:
		t.literal(1)
		t.text = t.text[1:]
	default:
		if end := bytes.IndexByte(t.text, '}'); end < 2 || !t.property(t.text[1:end]) {
			t.literal(1)
		} else {
			t.text = t.text[end+1:]
		}
	}
}

// literal takes n bytes of the template, which stand in a JSON text.
func (t *template) literal(n int) {
	t.l.b.Data = strictjson.AppendText(t.l.b.Data, t.text[:n])
	t.text = t.text[n:]
}

// property writes the value of a property, name[,alignment][:format] with @ or $
// before it, and reports whether there is one.
func (t *template) property(s []byte) bool {
	t.properties++
	name, formatted := s, false
	if i := bytes.IndexAny(s, ",:"); i >= 0 {
		name, formatted = s[:i], bytes.IndexByte(s, ':') >= 0
	}
	if formatted && t.rendering() {
		return true
	}
	if len(name) > 0 && (name[0] == '@' || name[0] == '$') {
		name = name[1:]
	}
	for i := range t.l.members {
		if m := &t.l.members[i]; bytes.Equal(t.l.text[m.Key:m.KeyEnd], name) {
			t.l.b.Data = append(t.l.b.Data, t.l.content(m)...)
			return true
		}
	}
	return false
}

// rendering writes the next text of @r, and reports whether there is one.
func (t *template) rendering() bool {
	from := bytes.IndexByte(t.renderings, '"') + 1
	if from == 0 {
		return false
	}
	to := closingQuote(t.renderings, from)
	t.l.b.Data = strictjson.AppendText(t.l.b.Data, t.renderings[from:to])
	t.renderings = t.renderings[to+1:]
	return true
}
