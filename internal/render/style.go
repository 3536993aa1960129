package render

import (
	"bytes"
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
	n := max(doc.GetInt("severity_number"), doc.GetInt("event.severity"))
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
	ns, ok := Timestamp(Text(l.doc.Get("@timestamp")))
	if !ok {
		return string(bytes.Repeat([]byte{'-'}, len(layout)))
	}
	return time.Unix(0, ns).In(zone).Format(layout)
}
