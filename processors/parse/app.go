package parse

import (
	"bytes"
	"time"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Marks of members: where their value went.
const (
	markNone uint8 = iota
	// markTaken members are represented elsewhere in the record.
	markTaken
	// markRenamed members become <key>_original.
	markRenamed
)

// Kinds of values of text formats, beside those of JSON.
const (
	// kindBare is a value without quotes, kindQuoted one between quotes with
	// escapes that JSON does not have.
	kindBare strictjson.Kind = iota + 100
	kindQuoted
)

// found says at which member (counted from 1) the line has what.
type found struct {
	best   [numRoles]uint16
	ranks  [numRoles]uint8
	traces [numFamilies]uint16
	spans  [numFamilies]uint16
	// spanRanks settle which of a family's keys the span id is under.
	spanRanks [numFamilies]uint8
}

// classify looks up the members' keys, and notes each in its member.
func (f *found) classify(text []byte, members []strictjson.Member) {
	for i := range members {
		if k := appKeys.find(text, &members[i]).known; k != 0 {
			members[i].Known = k
			f.note(i, k)
		}
	}
}

// note says that member i has key k of appKeys.
func (f *found) note(i int, k uint8) {
	at, key := uint16(i+1), &appKeys.keys[k]
	switch key.role {
	case roleTrace:
		f.traces[key.family] = at
	case roleSpan:
		if f.spans[key.family] == 0 || k < f.spanRanks[key.family] {
			f.spans[key.family], f.spanRanks[key.family] = at, k
		}
	}
	if f.best[key.role] == 0 || k < f.ranks[key.role] {
		f.best[key.role], f.ranks[key.role] = at, k
	}
}

// each calls use with the members of a role from the best key down, until it
// is satisfied. The best is known; the others are looked for only when it does
// not hold what its key promises.
func (l *line) each(f *found, r role, use func(*line, *strictjson.Member) bool) bool {
	if f.best[r] == 0 {
		return false
	}
	if use(l, &l.members[f.best[r]-1]) {
		return true
	}
	for rank := f.ranks[r]; ; {
		at := 0
		if at, rank = l.nextOf(r, rank); at == 0 {
			return false
		}
		if use(l, &l.members[at-1]) {
			return true
		}
	}
}

// nextOf is the member (counted from 1) with the best key of a role behind
// the one in place rank of the table, and its place; 0 when there is none.
func (l *line) nextOf(r role, rank uint8) (at int, next uint8) {
	for i := range l.members {
		k := l.members[i].Known
		if appKeys.keys[k].role == r && k > rank && (at == 0 || k < next) {
			at, next = i+1, k
		}
	}
	return at, next
}

// application takes time, severity, message and trace context out of the
// members of a line that an application's logger wrote, and marks the members
// that are represented wholly. The rest are attributes.
func (l *line) application() { l.applicationBut(&[numRoles]bool{}) }

// applicationBut is application but for the roles that are settled already;
// roleTrace stands for all of trace context.
func (l *line) applicationBut(settled *[numRoles]bool) {
	var f found
	f.classify(l.text, l.members)
	l.applicationOf(&f, settled)
}

// applicationOf is applicationBut for members that were classified.
func (l *line) applicationOf(f *found, settled *[numRoles]bool) {
	if !settled[roleTime] && !l.each(f, roleTime, (*line).takeTime) && f.best[roleSeconds] != 0 {
		l.takeSeconds(f)
	}
	if !settled[roleLevel] && !l.each(f, roleLevel, (*line).takeLevel) {
		l.implyLevel(f)
	}
	if !settled[roleMessage] && !l.each(f, roleMessage, (*line).takeMessage) {
		l.nestedMessage(f)
	}
	if !settled[roleTrace] {
		l.takeTrace(f)
	}
	if f.best[roleRequestID] != 0 {
		l.each(f, roleRequestID, (*line).nameRequestID)
	}
	if f.best[roleStack]|f.best[roleException]|f.best[roleError]|f.best[roleErrorType]|f.best[roleErrorMessage] != 0 {
		l.takeException()
	}
}

// content is what the member's value says, without quotes and escapes, valid
// until the next call.
func (l *line) content(m *strictjson.Member) []byte {
	return l.contentIn(l.text, m)
}

func (l *line) contentIn(text []byte, m *strictjson.Member) []byte {
	if m.Kind != strictjson.String && m.Kind != kindQuoted {
		return text[m.Value:m.ValueEnd]
	}
	s := text[m.Value+1 : m.ValueEnd-1]
	if !m.EscapedValue {
		return s
	}
	if m.Kind == kindQuoted {
		l.scratch = appendUnquoted(l.scratch[:0], s)
	} else {
		l.scratch = strictjson.AppendText(l.scratch[:0], s)
	}
	return l.scratch
}

// setValue makes v, which must be absent, the member's value. It writes in
// place, since a Value is large to hand around on every line.
func (l *line) setValue(v *event.Value, m *strictjson.Member) {
	v.Kind = event.KindJSON
	switch m.Kind {
	case kindBare:
		v.Kind = event.KindText
	case kindQuoted:
		v.Kind, v.Span = event.KindText, l.b.Append(l.content(m))
		return
	}
	v.Span = l.span(int(m.Value), int(m.ValueEnd))
}

// takeTime reads a time in text, a number, or an object of two numbers.
func (l *line) takeTime(m *strictjson.Member) bool {
	var ns int64
	var ok bool
	l.clock.guessed = false
	switch m.Kind {
	case strictjson.String, strictjson.Number, kindBare, kindQuoted:
		ns, ok = l.clock.parse(l.content(m))
	case strictjson.Object:
		ns, ok = l.timeObject(m)
	}
	if !ok || !l.setClockTime(ns) {
		return false
	}
	m.Mark = markTaken
	return true
}

// setClockTime makes what the clock has read last the record's time.
func (l *line) setClockTime(ns int64) bool {
	if l.clock.guessed {
		return l.setLocalTime(ns)
	}
	return l.setTime(ns)
}

// timeObject reads log4j's instant{epochSecond,nanoOfSecond}, Google's
// timestamp{seconds,nanos} and MongoDB's t{$date}.
func (l *line) timeObject(m *strictjson.Member) (int64, bool) {
	if d, text := l.member(m, "$date"); d != nil {
		return l.clock.parse(l.contentIn(text, d))
	}
	sec, text := l.member(m, "epochSecond", "seconds")
	if sec == nil {
		return 0, false
	}
	s, ok := parseEpoch(l.contentIn(text, sec))
	nano, text := l.member(m, "nanoOfSecond", "nanos")
	if nano == nil || !ok {
		return s, ok
	}
	n, ok := wholeNumber(l.contentIn(text, nano))
	return s + n, ok && n < int64(time.Second)
}

// takeSeconds reads log4j's timestampSeconds and timestampNanos.
func (l *line) takeSeconds(f *found) {
	sec := &l.members[f.best[roleSeconds]-1]
	s, ok := parseEpoch(l.content(sec))
	if !ok {
		return
	}
	if at := f.best[roleNanos]; at != 0 {
		nano := &l.members[at-1]
		n, ok := wholeNumber(l.content(nano))
		if ok && n < int64(time.Second) && l.setTime(s+n) {
			sec.Mark, nano.Mark = markTaken, markTaken
		}
		return
	}
	if l.setTime(s) {
		sec.Mark = markTaken
	}
}

// wholeNumber reads up to 18 digits.
func wholeNumber(s []byte) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// takeLevel reads a level's name or number. A name that nobody knows is kept
// as text with no number.
func (l *line) takeLevel(m *strictjson.Member) bool {
	switch m.Kind {
	case strictjson.String, kindBare, kindQuoted:
		l.setValue(&l.r.SeverityText, m)
	case strictjson.Number:
		l.r.SeverityText = event.Text(l.span(int(m.Value), int(m.ValueEnd)))
	default:
		return false
	}
	s := l.content(m)
	if m.Kind == strictjson.String && len(s) > 0 && (s[0] == ' ' || s[len(s)-1] == ' ') {
		l.r.SeverityText = event.Text(l.b.Append(bytes.TrimSpace(s)))
	} else if len(s) > 0 && s[0] == esc {
		// winston colours it where a program was told to.
		l.r.SeverityText = event.Text(l.b.Append(plain(s)))
	}
	l.r.Severity = l.severities.of(s)
	if m.Kind == strictjson.Number && isPythonLevel(l.text[m.Key:m.KeyEnd]) {
		l.r.Severity = pythonSeverity(s)
	}
	if l.r.Severity == sevFatal && l.ofErlang() {
		l.r.Severity = syslogLevel(s)
	}
	m.Mark = markTaken
	return true
}

// ofErlang reports whether the line says which process of Erlang wrote it, as
// RabbitMQ's JSON does.
func (l *line) ofErlang() bool {
	for i := range l.members {
		m := &l.members[i]
		if string(l.text[m.Key:m.KeyEnd]) == "pid" && l.erlangProcess(int(m.Value)+1) != 0 {
			return l.text[m.Value+1] == '<'
		}
	}
	return false
}

// implyLevel is for producers that leave a level out on purpose: Serilog's
// compact format means Information, and the Kubernetes components' JSON says
// v for information and, for an error, neither v nor always err: it is known by
// its caller and by milliseconds under ts.
func (l *line) implyLevel(f *found) {
	if l.nestedLevel(f) {
		return
	}
	at := f.best[roleTime]
	if at == 0 || f.best[roleMessage] == 0 {
		return
	}
	m := &l.members[at-1]
	switch name := l.text[m.Key:m.KeyEnd]; {
	case string(name) == "@t":
		l.r.Severity = sevInfo
	case string(name) != "ts":
	case f.best[roleVerbosity] != 0:
		l.r.Severity = sevInfo
	case f.best[roleError] != 0, inMilliseconds(l.content(m)) && l.has("caller"):
		l.r.Severity = sevError
	}
}

// inMilliseconds reports whether a number since the epoch has as many digits
// before its fraction as milliseconds have had since 2001.
func inMilliseconds(s []byte) bool {
	const digits = len("1772705472123")
	if len(s) < digits || len(s) > digits && s[digits] != '.' {
		return false
	}
	_, ok := wholeNumber(s[:digits])
	return ok
}

// has reports whether the line has a member of that name.
func (l *line) has(name string) bool {
	for i := range l.members {
		if m := &l.members[i]; string(l.text[m.Key:m.KeyEnd]) == name {
			return true
		}
	}
	return false
}

// takeMessage makes the value the body; an object is no message.
func (l *line) takeMessage(m *strictjson.Member) bool {
	switch m.Kind {
	case strictjson.String, kindBare, kindQuoted:
		if string(l.text[m.Key:m.KeyEnd]) == "@mt" && l.rendered(m) {
			return true
		}
		l.setValue(&l.r.Body, m)
	case strictjson.Number, strictjson.Bool:
		l.r.Body = event.Text(l.span(int(m.Value), int(m.ValueEnd)))
	default:
		return false
	}
	m.Mark = markTaken
	return true
}

// takeRequestID makes an id of the request known to search; it stays an
// attribute.
func (l *line) takeRequestID(m *strictjson.Member) bool {
	from, to := int(m.Value), int(m.ValueEnd)
	if m.Kind == strictjson.String {
		from, to = from+1, to-1
	} else if m.Kind != kindBare {
		return false
	}
	if to-from < minID || m.EscapedValue {
		return false
	}
	l.r.RequestID = l.span(from, to)
	return true
}

// nameRequestID is takeRequestID, and gives the id the name too that it has in
// access logs, so that one filter finds a request's lines in both. A correlation
// id may be of something else, and http.request.id is what that name becomes in
// the Elastic Common Schema.
func (l *line) nameRequestID(m *strictjson.Member) bool {
	if !l.takeRequestID(m) {
		return false
	}
	name := l.text[m.Key:m.KeyEnd]
	if name[0] != 'c' && string(name) != "http.request.id" && !l.has(requestIDHeader) && !l.has("http.request.id") {
		l.addSpan(requestIDHeader, event.KindTextArray, l.r.RequestID)
	}
	return true
}

// requestIDHeader is the attribute of a request's id by the semantic conventions.
const requestIDHeader = "http.request.header.x-request-id"
