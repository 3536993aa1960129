package encode

import (
	"strconv"

	"github.com/tailrace/tailrace/pipeline/event"
)

// maxFields is how many attributes a record may have of its own.
const maxFields = 256

// attributes writes the record's own attributes behind the constant ones,
// without the closing brace.
func (e *Encoder) attributes(b *event.Batch, r *event.Record, c *constants, bodyEscaped bool) {
	e.names.reset(c)
	invalid := false
	for _, f := range b.FieldsOf(r)[:min(r.Fields, maxFields)] {
		if e.field(b, f) {
			invalid = true
		}
	}
	if r.Flags != 0 || bodyEscaped {
		e.flags(r.Flags, bodyEscaped)
	}
	if invalid {
		e.flag("log.attributes.escaped")
	}
	if r.HasFlags && r.TraceFlags > maxTraceFlags {
		e.name("trace_flags")
		e.buf = strconv.AppendUint(e.buf, uint64(r.TraceFlags), 10)
	}
}

// flags are the marks of unusual records.
func (e *Encoder) flags(f event.Flags, bodyEscaped bool) {
	if f&event.Truncated != 0 {
		e.flag("log.record.truncated")
	}
	if f&event.Continuation != 0 {
		e.flag("log.record.continuation")
	}
	if f&event.Malformed != 0 {
		e.flag("log.record.malformed")
	}
	if bodyEscaped {
		e.flag("log.body.escaped")
	}
}

func (e *Encoder) flag(name string) {
	e.name(name)
	e.buf = append(e.buf, "true"...)
}

// field writes one attribute and says whether its text had to be escaped
// beyond JSON. A value that is absent leaves nothing.
func (e *Encoder) field(b *event.Batch, f event.Field) (escaped bool) {
	switch f.Value.Kind {
	case event.KindNone:
		return false
	case event.KindMembers:
		if f.Value.Span.Len > 0 {
			if len(e.buf) > 0 || e.names.constant.any {
				e.buf = append(e.buf, ',')
			}
			e.buf = append(e.buf, b.Bytes(f.Value.Span)...)
		}
		return false
	}
	if f.Name != "" {
		e.name(f.Name)
	} else {
		e.key(b.Bytes(f.Key))
	}
	return e.value(b, f.Value)
}

// open begins a member and returns where its name does.
func (e *Encoder) open() (start int) {
	if len(e.buf) > 0 || e.names.constant.any {
		e.buf = append(e.buf, ',', '"')
	} else {
		e.buf = append(e.buf, '"')
	}
	return len(e.buf)
}

func (e *Encoder) name(name string) {
	start := e.open()
	e.buf = append(e.buf, name...)
	e.unique(start)
	e.buf = append(e.buf, '"', ':')
}

func (e *Encoder) key(key []byte) {
	start := e.open()
	e.buf = append(e.buf, key...)
	e.unique(start)
	e.buf = append(e.buf, '"', ':')
}

// value writes v as JSON and says whether its text had to be escaped beyond it.
func (e *Encoder) value(b *event.Batch, v event.Value) (escaped bool) {
	switch v.Kind {
	case event.KindText:
		e.buf, escaped = appendText(e.buf, b.Bytes(v.Span))
	case event.KindTextArray:
		e.buf = append(e.buf, '[')
		e.buf, escaped = appendText(e.buf, b.Bytes(v.Span))
		e.buf = append(e.buf, ']')
	case event.KindConst:
		e.buf, escaped = appendText(e.buf, v.Const)
	case event.KindJSON:
		e.buf = append(e.buf, b.Bytes(v.Span)...)
	case event.KindInt:
		e.buf = strconv.AppendInt(e.buf, v.Num, 10)
	case event.KindBool:
		e.buf = strconv.AppendBool(e.buf, v.Num != 0)
	default:
		e.buf = append(e.buf, "null"...)
	}
	return escaped
}
