package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// thrown is what the members of a line say of an exception.
type thrown struct {
	kind, message, stack event.Value
}

// What loggers call the parts of an exception in an object of its own: pino,
// bunyan, ECS, log4j's JSON layouts, Logstash, Datadog. Of several names the
// first is taken.
var (
	kindKeys    = []string{"type", "name", "class", "exception_class", "exceptionType", "kind"}
	messageKeys = []string{"message", "msg", "exception_message"}
	stackKeys   = []string{"stack", "stack_trace", "stackTrace", "stacktrace", "extendedStackTrace", "backtrace"}
)

// takeException gives the record the exception that its logger wrote in members
// of the line, under the names that one in text gets too. What the line says
// under these names itself stays.
func (l *line) takeException() {
	if l.has(exceptionStack) || l.has(exceptionType) || l.has(exceptionMessage) {
		return
	}
	var t thrown
	for i := range l.members {
		m := &l.members[i]
		if m.Mark != markNone {
			continue
		}
		switch role := appKeys.keys[m.Known].role; role {
		case roleStack, roleError, roleException:
			l.thrownIn(m, role, &t)
		case roleErrorType:
			l.takePart(&t.kind, m)
		case roleErrorMessage:
			l.takePart(&t.message, m)
		}
	}
	if t.stack.Kind != event.KindNone && t.kind.Kind == event.KindNone && t.message.Kind == event.KindNone {
		l.messageOfError(&t)
	}
	l.addValue(exceptionType, &t.kind)
	l.addValue(exceptionMessage, &t.message)
	l.addValue(exceptionStack, &t.stack)
}

func (l *line) addValue(name string, v *event.Value) {
	if v.Kind != event.KindNone {
		f := l.field()
		f.Name, f.Value = name, *v
	}
}

// takePart takes a member that is a part of the exception.
func (l *line) takePart(v *event.Value, m *strictjson.Member) {
	if v.Kind == event.KindNone && isText(m) && len(l.content(m)) > 0 {
		l.setValue(v, m)
		m.Mark = markTaken
	}
}

func isText(m *strictjson.Member) bool {
	return m.Kind == strictjson.String || m.Kind == kindQuoted
}

// thrownIn takes an object that describes an exception, or a trace.
func (l *line) thrownIn(m *strictjson.Member, role role, t *thrown) {
	switch {
	case t.stack.Kind != event.KindNone:
		// Another one stays where it is.
	case m.Kind == strictjson.Object:
		l.takeErrorObject(m, t)
	case role == roleStack && isText(m):
		l.takeStack(m, t)
	case role == roleStack && m.Kind == strictjson.Array:
		if s, ok := l.joinStrings(l.text[m.Value+1 : m.ValueEnd-1]); ok {
			t.stack = event.JSON(s)
			m.Mark = markTaken
			quoted := l.b.Bytes(s)
			l.scratch = strictjson.AppendText(l.scratch[:0], quoted[1:len(quoted)-1])
			l.explainStack(l.scratch, t)
		}
	}
}

// inOneLine is before the frames of a trace that .NET's JSON console has put
// into one line.
var inOneLine = []byte("   at ")

// takeStack takes a text of several lines. One line is at most the exception
// without its trace, and stays.
func (l *line) takeStack(m *strictjson.Member, t *thrown) {
	text := l.content(m)
	if len(text) == 0 {
		return
	}
	if bytes.IndexByte(text, '\n') > 0 || bytes.Contains(text, inOneLine) {
		m.Mark = markTaken
		l.explainStack(text, t)
		l.setValue(&t.stack, m)
		return
	}
	l.explainStack(text, t)
}

// explainStack finds the exception that a trace belongs to, unless that is
// known.
func (l *line) explainStack(text []byte, t *thrown) {
	if t.kind.Kind != event.KindNone || t.message.Kind != event.KindNone {
		return
	}
	e := &l.exception
	*e = exception{}
	if !e.find(text) {
		if name, ok := e.header(text, 0); !ok || name != 0 {
			return
		}
		e.named(text, 0)
		if n := bytes.Index(text[e.message[0]:e.message[1]], inOneLine); n >= 0 {
			e.message[1] = e.message[0] + len(bytes.TrimRight(text[e.message[0]:e.message[0]+n], " "))
		}
	}
	if e.kind[0] < e.kind[1] {
		t.kind = event.Text(l.b.Append(text[e.kind[0]:e.kind[1]]))
	}
	if e.message[0] < e.message[1] {
		t.message = event.Text(l.b.Append(text[e.message[0]:e.message[1]]))
	}
}

// messageOfError is for a trace that does not say what it is of, as zap's: an
// error that is a text says it, and stays.
func (l *line) messageOfError(t *thrown) {
	for i := range l.members {
		m := &l.members[i]
		if role := appKeys.keys[m.Known].role; (role == roleException || role == roleError) && isText(m) && m.Mark == markNone {
			l.setValue(&t.message, m)
			return
		}
	}
}

// takeErrorObject takes an object apart that has a trace, or a class and a
// message. What else it has becomes attributes of their own under its name.
func (l *line) takeErrorObject(m *strictjson.Member, t *thrown) {
	text, ok := l.inside(m)
	if !ok {
		return
	}
	kind, message, stack := l.innerText(text, kindKeys), l.innerText(text, messageKeys), l.innerText(text, stackKeys)
	if stack < 0 && (kind < 0 || message < 0) {
		return
	}
	for i := range l.inner.Members {
		o := &l.inner.Members[i]
		value := event.JSON(l.span(int(m.Value+o.Value), int(m.Value+o.ValueEnd)))
		switch i {
		case kind:
			t.kind = value
		case message:
			t.message = value
		case stack:
			t.stack = value
		default:
			if stack < 0 && o.Kind == strictjson.Array && isStackKey(text[o.Key:o.KeyEnd]) && l.takeStackLines(text, o, t) {
				continue
			}
			l.addInner(m, text[o.Key:o.KeyEnd], value)
		}
	}
	m.Mark = markTaken
	if stack >= 0 {
		l.explainStack(l.contentIn(text, &l.inner.Members[stack]), t)
	}
}

// isStackKey reports whether a name is one of a trace.
func isStackKey(name []byte) bool {
	for _, key := range stackKeys {
		if string(name) == key {
			return true
		}
	}
	return false
}

// takeStackLines takes a trace that is a list of its lines.
func (l *line) takeStackLines(text []byte, m *strictjson.Member, t *thrown) bool {
	s, ok := l.joinStrings(text[m.Value+1 : m.ValueEnd-1])
	if ok {
		t.stack = event.JSON(s)
	}
	return ok
}

// innerText is the member of l.inner with the first of the names that is a text
// with something in it, or -1.
func (l *line) innerText(text []byte, names []string) int {
	for _, name := range names {
		for i := range l.inner.Members {
			o := &l.inner.Members[i]
			if o.Kind == strictjson.String && o.ValueEnd-o.Value > 2 && string(text[o.Key:o.KeyEnd]) == name {
				return i
			}
		}
	}
	return -1
}

// addInner makes an attribute of a member of the object m.
func (l *line) addInner(m *strictjson.Member, key []byte, v event.Value) {
	at := len(l.b.Data)
	l.b.Data = append(l.b.Data, l.text[m.Key:m.KeyEnd]...)
	l.b.Data = append(l.b.Data, '.')
	l.b.Data = append(l.b.Data, key...)
	l.keyed(l.freeKey(at)).Value = v
}

// joinStrings makes one JSON text, of several lines, of the texts between the
// brackets of an array. It fails where there is something else.
func (l *line) joinStrings(items []byte) (event.Span, bool) {
	at := len(l.b.Data)
	for i := 0; i < len(items); i++ {
		switch c := items[i]; {
		case c == '"':
			end := closingQuote(items, i+1)
			if l.b.Data = append(l.b.Data, `\n`...); len(l.b.Data) == at+len(`\n`) {
				l.b.Data = append(l.b.Data[:at], '"')
			}
			l.b.Data = append(l.b.Data, items[i+1:end]...)
			i = end
		case c != ',' && c > ' ':
			l.b.Data = l.b.Data[:at]
			return event.Span{}, false
		}
	}
	if len(l.b.Data) == at {
		return event.Span{}, false
	}
	l.b.Data = append(l.b.Data, '"')
	return l.appended(at), true
}
