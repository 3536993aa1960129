package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// csvColumn is what a column of PostgreSQL's csvlog becomes: an attribute, a
// number, or one of the essentials, which have no name.
type csvColumn struct {
	name  string
	whole bool
}

// The columns of csvlog in order
// (https://www.postgresql.org/docs/current/runtime-config-logging.html): 23
// until version 12, 24 in 13, 26 since 14.
const (
	csvUser       = 1
	csvConnection = 4
	csvSeverity   = 11
	csvMessage    = 13
	minCSVColumns = 23
	maxCSVColumns = 26
)

var csvColumns = [maxCSVColumns]csvColumn{
	1: {name: "user.name"}, 2: {name: "db.namespace"}, 3: {"process.pid", true}, 4: {name: "postgresql.connection_from"},
	5: {name: "postgresql.session_id"}, 6: {"postgresql.session_line_num", true}, 7: {name: "postgresql.command_tag"},
	8: {name: "postgresql.session_start_time"}, 9: {name: "postgresql.virtual_transaction_id"}, 10: {"postgresql.transaction_id", true},
	12: {name: "db.response.status_code"}, 14: {name: "postgresql.detail"}, 15: {name: "postgresql.hint"},
	16: {name: "postgresql.internal_query"}, 17: {"postgresql.internal_query_pos", true}, 18: {name: "postgresql.context"},
	19: {name: "db.query.text"}, 20: {"postgresql.query_pos", true}, 21: {name: "postgresql.location"},
	22: {name: "postgresql.application_name"}, 23: {name: "postgresql.backend_type"}, 24: {"postgresql.leader_pid", true},
	25: {name: "postgresql.query_id"},
}

// csvEssentials are the columns that are no attributes.
type csvEssentials struct{ severity, message event.Span }

// parsePostgresCSV reads one record of PostgreSQL's csvlog.
func parsePostgresCSV(l *line) bool {
	t, zone := l.postgresTime()
	if zone == 0 || !l.hasAt(zone, ",") {
		return l.fail(reasonMisfit, max(t.end, zone))
	}
	var essentials csvEssentials
	n, at := l.csvColumns(zone+1, &essentials)
	if n < minCSVColumns || at < len(l.text) {
		return l.fail(reasonMisfit, at)
	}
	level := postgresLevel(l.b.Bytes(essentials.severity))
	if level == 0 {
		return l.fail(reasonMisfit, int(essentials.severity.Off-l.r.Line.Off))
	}
	l.setPostgresTime(t, zone)
	l.r.Severity, l.r.SeverityText = level, event.Text(essentials.severity)
	l.r.Body = event.Text(essentials.message)
	l.textTrace(l.headEnd())
	return true
}

// csvColumns takes the columns from the second on, which begins at i, and returns
// how many the line has and where it stopped.
func (l *line) csvColumns(i int, essentials *csvEssentials) (n, at int) {
	s := l.text
	for n = csvUser; n < maxCSVColumns; n++ {
		if i < len(s) && s[i] == ',' && n != csvSeverity {
			i++
			continue
		}
		var value event.Span
		end, ok := l.csvValue(i, ',', &value)
		switch n {
		case csvSeverity:
			essentials.severity = value
		case csvMessage:
			essentials.message = value
		default:
			l.csvColumn(n, value)
		}
		if !ok || end == len(s) || s[end] != ',' {
			return n + 1, end
		}
		i = end + 1
	}
	return n, i
}

// csvValue reads the value at i and returns the index behind it. Quotes around
// a value may hold the delimiter; within it they are written twice.
func (l *line) csvValue(i int, delimiter byte, value *event.Span) (end int, ok bool) {
	s := l.text
	if i == len(s) || s[i] != '"' {
		if end = stopFrom(s, i, delimiter); end < 0 {
			end = len(s)
		}
		*value = l.span(i, end)
		return end, true
	}
	doubled := false
	for end = i + 1; ; end += 2 {
		if end = stopFrom(s, end, '"'); end < 0 {
			return i, false
		}
		if end+1 == len(s) || s[end+1] != '"' {
			*value = l.csvText(i+1, end, doubled)
			return end + 1, true
		}
		doubled = true
	}
}

// csvText is the text between quotes.
func (l *line) csvText(from, to int, doubled bool) event.Span {
	if !doubled {
		return l.span(from, to)
	}
	at := len(l.b.Data)
	for from < to {
		end := to
		if n := bytes.IndexByte(l.text[from:to], '"'); n >= 0 {
			end = from + n + 1
		}
		l.b.Data = append(l.b.Data, l.text[from:end]...)
		from = end + 1
	}
	return l.appended(at)
}

// csvColumn adds the attribute of a column that has a value.
func (l *line) csvColumn(i int, value event.Span) {
	if value.Len == 0 {
		return
	}
	c := &csvColumns[i]
	if c.whole {
		if n, ok := wholeNumber(l.b.Bytes(value)); ok {
			l.addInt(c.name, n)
			return
		}
	}
	if a := (access{l: l}); i == csvConnection && a.peer(value) {
		return
	}
	l.addText(c.name, value)
}
