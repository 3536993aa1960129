package parse

import (
	"bytes"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// customKind says what a field of a custom format holds.
type customKind uint8

const (
	customText customKind = iota
	customInt
	customFloat
	customBool
	customBytes
	customDuration
	// From customSeconds on, values are numbers in a unit of time.
	customSeconds
	customMillis
	customMicros
	customNanos
)

// customKinds are the names that a definition has for them.
var customKinds = []string{
	customText: "text", customInt: "int", customFloat: "float", customBool: "bool", customBytes: "bytes",
	customDuration: "duration", customSeconds: "s", customMillis: "ms", customMicros: "us", customNanos: "ns",
}

// customValue is what a field of a line holds.
type customValue struct {
	// s is what the value says, span where that is in the arena, and at where
	// the value is in the line.
	s    []byte
	span event.Span
	at   int
	// member is the value as a member of the line, nil for those of text.
	member *strictjson.Member
}

// put takes a field's value into the record. It reports whether the line can be
// of the format, and has called line.fail if not.
func (x *customLine) put(f *customField, v *customValue) bool {
	l := x.l
	if absent(v.s) && (f.role != roleNone || f.kind != customText) || len(v.s) == 0 {
		return true
	}
	switch f.role {
	case roleTime:
		ok, taken := x.c.time.read(l, v.s)
		if !ok {
			l.wanted = x.c.time.wanted
			return l.fail(reasonCustomTime, v.at)
		}
		if taken {
			return true
		}
	case roleLevel:
		l.r.Severity = x.c.level(l, v.s)
		x.words(&l.r.SeverityText, v)
		return true
	case roleMessage:
		x.words(&l.r.Body, v)
		return true
	case roleTrace, roleSpan, roleTraceparent:
		x.keepID(f, v)
		return true
	}
	if !x.attribute(f, v) {
		l.wanted = "a value of type " + customKinds[f.kind]
		return l.fail(reasonCustomValue, v.at)
	}
	return true
}

// words makes to the value as text.
func (x *customLine) words(to *event.Value, v *customValue) {
	*to = event.Value{}
	if v.member != nil && (v.member.Kind == strictjson.String || v.member.Kind == kindQuoted) {
		x.l.setValue(to, v.member)
		return
	}
	to.Kind, to.Span = event.KindText, v.span
}

// asWritten makes to the value as the line has it.
func (x *customLine) asWritten(to *event.Value, v *customValue) {
	if v.member == nil {
		to.Kind, to.Span = event.KindText, v.span
		return
	}
	x.l.setValue(to, v.member)
}

// absent reports whether a value is written as if there were none.
func absent(s []byte) bool { return len(s) == 0 || len(s) == 1 && s[0] == '-' }

// attribute adds a field as the attribute that it is.
func (x *customLine) attribute(f *customField, value *customValue) bool {
	l := x.l
	s, name := value.s, x.called(f)
	switch f.kind {
	case customText:
		v := l.field()
		v.Name = name
		x.asWritten(&v.Value, value)
		return true
	case customInt:
		n, ok := signed(s)
		l.addInt(name, n)
		return ok
	case customBool:
		truth, ok := boolean(s)
		l.addBool(name, truth)
		return ok
	case customFloat:
		l.addJSON(name, value.span)
		return strictjson.IsNumber(s) && len(s) <= maxDecimal
	case customBytes:
		n, ok := byteSize(s)
		l.addInt(name, n)
		return ok
	case customDuration:
		return l.addDuration(name, s)
	}
	return l.addSeconds(name, s, 3*int(f.kind-customSeconds))
}

// addSeconds adds a number whose unit is 10^-places seconds.
func (l *line) addSeconds(name string, s []byte, places int) bool {
	if !isDecimal(s) {
		return false
	}
	at := len(l.b.Data)
	l.b.Data = appendMoved(l.b.Data, s, places)
	l.addJSON(name, l.appended(at))
	return true
}

// addDuration adds 1.5ms, 12s or 1h2m as seconds.
func (l *line) addDuration(name string, s []byte) bool {
	n := digitsUpTo(s, len(s))
	if n < len(s) && s[n] == '.' {
		n += 1 + digitsUpTo(s[n+1:], len(s))
	}
	switch string(s[n:]) {
	case "ns":
		return l.addSeconds(name, s[:n], 9)
	case "us", "µs", "μs":
		return l.addSeconds(name, s[:n], 6)
	case "ms":
		return l.addSeconds(name, s[:n], 3)
	case "s":
		return l.addSeconds(name, s[:n], 0)
	}
	d, err := time.ParseDuration(string(s))
	if err != nil {
		return false
	}
	at := len(l.b.Data)
	l.b.Data = strconv.AppendFloat(l.b.Data, d.Seconds(), 'f', -1, 64)
	l.addJSON(name, l.appended(at))
	return true
}

// signed reads a whole number of up to 18 digits.
func signed(s []byte) (int64, bool) {
	digits := bytes.TrimPrefix(bytes.TrimPrefix(s, []byte("-")), []byte("+"))
	n, ok := wholeNumber(digits)
	if len(s)-len(digits) > 1 {
		return 0, false
	}
	if s[0] == '-' {
		n = -n
	}
	return n, ok
}

// boolean reads the words that programs write for truth.
func boolean(s []byte) (int64, bool) {
	switch string(s) {
	case "true", "True", "TRUE", "yes", "on", "1":
		return 1, true
	case "false", "False", "FALSE", "no", "off", "0":
		return 0, true
	}
	return 0, false
}

// byteSize reads 512, 4KiB, 1.5 MB or 10G as a number of bytes. Units with an
// i, and single letters, are powers of 1024, as JVMs and coreutils write them.
func byteSize(s []byte) (int64, bool) {
	n := digitsUpTo(s, 15)
	whole, ok := wholeNumber(s[:n])
	frac := int64(0)
	if n < len(s) && s[n] == '.' {
		d := digitsUpTo(s[n+1:], nanoDigits)
		frac, ok = decimals(s[n+1:n+1+d]), ok && d > 0
		n += 1 + d
	}
	unit := bytes.TrimLeft(s[n:], " ")
	if !ok || len(unit) > 3 {
		return 0, false
	}
	factor, ok := byteUnit(unit)
	if !ok || whole > (1<<62)/factor {
		return 0, false
	}
	return whole*factor + int64(float64(frac)/1e9*float64(factor)+0.5), true
}

func byteUnit(unit []byte) (int64, bool) {
	if len(unit) == 0 || len(unit) == 1 && unit[0]|0x20 == 'b' {
		return 1, true
	}
	power := bytes.IndexByte([]byte("kmgt"), unit[0]|0x20) + 1
	base := int64(1024)
	switch rest := unit[1:]; {
	case power == 0:
		return 0, false
	case string(rest) == "B" || string(rest) == "b":
		base = 1000
	case len(rest) > 0 && string(rest) != "iB" && string(rest) != "i":
		return 0, false
	}
	factor := int64(1)
	for range power {
		factor *= base
	}
	return factor, true
}

// keepID remembers a part of the trace context until all are known.
func (x *customLine) keepID(f *customField, v *customValue) {
	var buf [64]byte
	switch f.role {
	case roleTrace:
		x.traceField = f
		x.asWritten(&x.traceID, v)
		if !hexDigits(x.ids.trace[:], traceDigits(v.s, &buf)) {
			x.ids.trace = [16]byte{}
		}
	case roleSpan:
		x.spanField = f
		x.asWritten(&x.spanID, v)
		if !hexDigits(x.ids.span[:], v.s) {
			x.ids.span = [8]byte{}
		}
	default:
		var c context
		if parseTraceparent(v.s, &c) && x.l.give(&c) {
			return
		}
		added := x.l.field()
		added.Name = x.called(f)
		x.asWritten(&added.Value, v)
	}
}

// give gives the record the context that its fields have; what is no id stays
// an attribute.
func (x *customLine) give() {
	taken := x.ids.trace != [16]byte{} && x.l.give(&x.ids)
	if x.traceField != nil && !taken {
		x.keep(x.traceField, &x.traceID)
	}
	if x.spanField != nil && (!taken || x.ids.span == [8]byte{}) {
		x.keep(x.spanField, &x.spanID)
	}
}

// finish looks for trace context in lines that do not name it, and marks a body
// that is not UTF-8.
func (x *customLine) finish() {
	if !x.c.traced && !x.c.keyed {
		x.l.textTrace(x.l.headEnd())
	}
	if body := x.l.r.Body; body.Kind == event.KindText && !utf8.Valid(x.l.b.Bytes(body.Span)) {
		x.l.r.Flags |= event.Escape
	}
}

// keep adds a field whose role does not take it.
func (x *customLine) keep(f *customField, v *event.Value) {
	added := x.l.field()
	added.Name, added.Value = x.called(f), *v
}

// called is the name of a field's attribute in the line's source.
func (x *customLine) called(f *customField) string {
	if x.l.src.reserved.hasConst(f.name) {
		return f.renamed
	}
	return f.name
}

// hasConst is has for a name that is no member's.
func (r *reserved) hasConst(name string) bool { return slices.Contains(r.names, name) }
