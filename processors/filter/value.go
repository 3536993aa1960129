package filter

import (
	"bytes"
	"strconv"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// reader finds fields of one record after the other and reuses its memory.
type reader struct {
	b       *event.Batch
	r       *event.Record
	scanner strictjson.Scanner
	// run is what the scanner has read last, of record r.
	run     event.Span
	scratch []byte
}

// start makes r the record whose fields are found.
func (d *reader) start(r *event.Record) { d.r, d.run = r, event.Span{} }

// attribute returns the value of the record's attribute that c names.
func (d *reader) attribute(c *condition) ([]byte, bool) {
	for _, f := range d.b.FieldsOf(d.r) {
		switch {
		case f.Value.Kind == event.KindMembers:
			if v, ok := d.inRun(c, f.Value.Span); ok {
				return v, true
			}
		case f.Name == c.field, f.Name == "" && strictjson.SameKey(d.b.Bytes(f.Key), c.field):
			return d.text(f.Value), true
		}
	}
	return nil, false
}

// inRun looks for the field in a run of members. The run is only read when
// the key stands in it as it is usually written.
func (d *reader) inRun(c *condition, at event.Span) ([]byte, bool) {
	run := d.b.Bytes(at)
	if !bytes.Contains(run, c.needle) || d.run != at && !d.scanner.Run(run) {
		return nil, false
	}
	d.run = at
	for i := range d.scanner.Members {
		m := &d.scanner.Members[i]
		if string(run[m.Key:m.KeyEnd]) == c.field {
			return d.json(run[m.Value:m.ValueEnd]), true
		}
	}
	return nil, false
}

// text is what a value says, valid until the next call.
func (d *reader) text(v event.Value) []byte {
	switch v.Kind {
	case event.KindText, event.KindTextArray:
		return d.b.Bytes(v.Span)
	case event.KindJSON:
		return d.json(d.b.Bytes(v.Span))
	case event.KindInt:
		d.scratch = strconv.AppendInt(d.scratch[:0], v.Num, 10)
	case event.KindBool:
		d.scratch = strconv.AppendBool(d.scratch[:0], v.Num != 0)
	default:
		d.scratch = append(d.scratch[:0], v.Const...)
	}
	return d.scratch
}

// json is what a JSON value says: a string without quotes and escapes, and
// anything else as it is written.
func (d *reader) json(v []byte) []byte {
	if len(v) < 2 || v[0] != '"' {
		return v
	}
	v = v[1 : len(v)-1]
	if bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	d.scratch = strictjson.AppendText(d.scratch[:0], v)
	return d.scratch
}

// body is the record's message, the whole line when it has none of its own.
func (d *reader) body() []byte {
	if d.r.Body.Kind == event.KindNone {
		return d.b.Bytes(d.r.Line)
	}
	return d.text(d.r.Body)
}
