package encode

import (
	"strconv"

	"github.com/tailrace/tailrace/pipeline/ecs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// ecsVariable is variable with the fields of the Elastic Common Schema side by
// side, their names written with dots. What the agent knows comes first and
// last, what the line says in between: flattenECS relies on that order.
func (e *Encoder) ecsVariable(b *event.Batch, r *event.Record, c *constants, f *frame.Builder) {
	escaped := e.ecsMessage(b, r)
	e.names.reset(c)
	invalid := e.ecsFields(b, r)
	if r.Flags != 0 || escaped {
		e.flags(r.Flags, escaped)
	}
	if invalid {
		e.flag("log.attributes.escaped")
	}
	e.severity(b, r, `,"event.severity":`, `,"log.level":`)
	// The schema has no field for trace flags.
	e.ids(r, f, `,"trace.id":"`, `,"span.id":"`)
	f.Var(e.buf)
	f.Var(e.text)
}

// ecsMessage renders the document's end in e.text. The message is text: of an
// object its JSON.
func (e *Encoder) ecsMessage(b *event.Batch, r *event.Record) (escaped bool) {
	e.buf, e.text = e.text[:0], e.buf
	e.buf = append(e.buf, `,"message":`...)
	v := bodyOf(r)
	if v.Kind == event.KindText && r.Flags&event.Escape != 0 {
		e.buf, escaped = appendLossless(e.buf, b.Bytes(v.Span)), true
	} else {
		escaped = e.stringValue(b, v)
	}
	e.buf = append(e.buf, "}\n"...)
	e.buf, e.text = e.text[:0], e.buf
	return escaped
}

// ecsFields writes the record's own attributes and says whether the text of
// one had to be escaped beyond JSON.
func (e *Encoder) ecsFields(b *event.Batch, r *event.Record) (escaped bool) {
	e.left = maxFields
	for _, f := range b.FieldsOf(r) {
		if e.left <= 0 {
			break
		}
		switch {
		case f.Value.Kind == event.KindNone:
		case f.Value.Kind == event.KindMembers:
			e.ecsMembers(b.Bytes(f.Value.Span))
		case f.Name != "":
			escaped = e.ecsField(b, f) || escaped
		default:
			e.ecsKey(b.Bytes(f.Key), isObject(b, f.Value))
			escaped = e.value(b, f.Value) || escaped
		}
	}
	return escaped
}

// isObject says whether a value is a JSON object.
func isObject(b *event.Batch, v event.Value) bool {
	return v.Kind == event.KindJSON && v.Span.Len > 0 && b.Data[v.Span.Off] == '{'
}

// ecsField writes an attribute that the agent named.
func (e *Encoder) ecsField(b *event.Batch, f event.Field) (escaped bool) {
	to := ecs.AttributeOf(f.Name)
	if f.Name == "http.request.method" && f.Value.Kind == event.KindConst && f.Value.Const == "_OTHER" {
		return false
	}
	if f.Name == "http.request.method_original" {
		// The schema keeps a method as it was sent.
		to.Name = "http.request.method"
	}
	if to.Single && f.Value.Kind == event.KindTextArray {
		f.Value.Kind = event.KindText
	}
	e.ecsName(to.Name)
	escaped = e.value(b, f.Value)
	e.ecsAlso(b, f, to)
	return escaped
}

// ecsAlso writes the second field that an attribute fills.
func (e *Encoder) ecsAlso(b *event.Batch, f event.Field, to ecs.Attribute) {
	switch {
	case to.Host != "":
		e.ecsName(to.Host)
		e.value(b, f.Value)
	case to.IP != "" && f.Value.Kind == event.KindText && isAddress(b.Bytes(f.Value.Span)):
		e.ecsName(to.IP)
		e.value(b, f.Value)
	case to.Nanos != "" && f.Value.Kind == event.KindJSON:
		if ns, ok := nanos(b.Bytes(f.Value.Span)); ok {
			e.ecsName(to.Nanos)
			e.buf = strconv.AppendInt(e.buf, ns, 10)
		}
	}
}

func (e *Encoder) ecsName(name string) {
	e.left--
	e.name(name)
}

// ecsKey writes an application's key. One that the agent writes itself gets a
// suffix, and so does that of a text which the schema has an object for.
func (e *Encoder) ecsKey(key []byte, object bool) {
	e.left--
	start := e.open()
	e.buf = append(e.buf, key...)
	if e.names.constant.reserves(key) || !object && ecs.IsSet(key) {
		e.buf = append(e.buf, "_original"...)
	}
	e.unique(start)
	e.buf = append(e.buf, '"', ':')
}

// ecsMembers writes a run of JSON members one by one, to look at their names.
func (e *Encoder) ecsMembers(run []byte) {
	for len(run) > 0 && e.left > 0 {
		key, value, rest := cutMember(run)
		e.ecsKey(key, value[0] == '{')
		e.buf = append(e.buf, value...)
		run = rest
	}
}
