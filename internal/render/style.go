package render

import (
	"bytes"
	"strconv"
	"time"

	"github.com/valyala/fastjson"
)

// color is an SGR parameter of ECMA-48, 8.3.117; none paints nothing.
type color string

const (
	none    color = ""
	dim     color = "2"
	red     color = "31"
	green   color = "32"
	yellow  color = "33"
	magenta color = "35"
	cyan    color = "36"
)

func (l *line) open(c color) {
	if l.o.Color && c != none {
		l.dst = append(append(append(l.dst, "\x1b["...), c...), 'm')
	}
}

func (l *line) close(c color) {
	if l.o.Color && c != none {
		l.dst = append(l.dst, "\x1b[0m"...)
	}
}

func (l *line) paint(c color, s string) {
	l.open(c)
	l.dst = append(l.dst, s...)
	l.close(c)
}

// severities are OpenTelemetry's ranges of four numbers each, from 1
// (OpenTelemetry logs data model, "Severity fields").
var severities = [...]struct {
	name  string
	color color
}{
	{"TRACE", dim}, {"DEBUG", dim}, {"INFO ", green}, {"WARN ", yellow}, {"ERROR", red}, {"FATAL", magenta},
}

// level is the document's severity in five columns.
func level(doc *fastjson.Value) (string, color) {
	n := doc.GetInt("severity_number")
	if n < 1 || n > 24 {
		return "-    ", none
	}
	s := severities[(n-1)/4]
	return s.name, s.color
}

// time is the event's time of day in milliseconds.
func (l *line) time() string {
	layout, zone := "15:04:05.000", time.Local
	if l.o.Date {
		layout = "2006-01-02 " + layout
	}
	if l.o.UTC {
		layout, zone = layout+"Z", time.UTC
	}
	t, ok := timestamp(l.doc.Get("@timestamp"))
	if !ok {
		return string(bytes.Repeat([]byte{'-'}, len(layout)))
	}
	return t.In(zone).Format(layout)
}

// timestamp reads an RFC 3339 string, or milliseconds since the Unix epoch
// with a fraction, which is how Elastic's OpenTelemetry mapping writes
// nanoseconds.
func timestamp(v *fastjson.Value) (time.Time, bool) {
	s := string(text(v))
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	ms, err := strconv.ParseFloat(s, 64)
	if err != nil || ms != ms || ms < -1e15 || ms > 1e15 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(ms * 1000)), true
}
