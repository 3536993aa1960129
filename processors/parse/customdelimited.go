package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// compileDelimited makes a format of values with a byte between them.
func (c *custom) compileDelimited(d *lineformat.Definition) error {
	delimiter := d.Delimiter
	if delimiter == "" {
		delimiter = ","
	}
	if len(delimiter) != 1 || delimiter == `"` || delimiter == "\n" {
		return fmt.Errorf("delimiter: must be one byte that is no quote, not %q", delimiter)
	}
	if d.Header == "" {
		return errors.New("header: type delimited needs the fields' names, with the delimiter between them, such as time,level,message")
	}
	names := strings.Split(d.Header, delimiter)
	for i, name := range names {
		if slices.Contains(names[:i], name) && name != "" {
			return fmt.Errorf("header: has %q twice: rename one, or leave the name of a field that is not wanted empty", name)
		}
	}
	c.split = func(x *customLine) bool { return x.row(delimiter[0]) }
	return c.named(d, names)
}

// row takes the values of a line, of which there must be as many as fields.
// Values in double quotes may hold the delimiter, and quotes twice (RFC 4180).
func (x *customLine) row(delimiter byte) bool {
	l, at := x.l, 0
	for i := range x.c.fields {
		f := &x.c.fields[i]
		var value event.Span
		end, ok := l.csvValue(at, delimiter, &value)
		if !ok || end < len(l.text) && l.text[end] != delimiter {
			l.wanted = "a quote, with the delimiter behind it,"
			return l.fail(reasonCustom, end)
		}
		x.value = customValue{s: l.b.Bytes(value), span: value, at: at}
		if f.name != "" && !x.put(f, &x.value) {
			return false
		}
		last := i+1 == len(x.c.fields)
		if last != (end == len(l.text)) {
			l.wanted = "the line's end"
			if !last {
				l.wanted = "field " + x.c.fields[i+1].name
			}
			return l.fail(reasonCustom, end)
		}
		at = end + 1
	}
	return true
}
