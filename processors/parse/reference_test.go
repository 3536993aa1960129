package parse

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestReference keeps docs/formats-reference.md as the table of formats and
// the corpora have it.
func TestReference(t *testing.T) {
	var w strings.Builder
	w.WriteString(`# Reference of the formats

Written by ` + "`go test ./processors/parse -update`" + ` from the table of formats and the
logs in testdata/formats. [Formats](formats.md) says how a format is found and how
the parts of a line are chosen. Attributes are those that the example and the
logs show; what a line does not say is left out of its document.
`)
	all := readCorpora(t)
	for i := range formats {
		if f := &formats[(i+1)%len(formats)]; !f.given {
			writeReference(t, &w, f, all)
		}
	}
	writeLevels(&w)
	compareGolden(t, "../../docs/formats-reference.md", w.String())
}

// writeLevels writes the numbers of levels that many loggers have.
func writeLevels(w *strings.Builder) {
	w.WriteString("\n## Levels by name\n\n`severity_number` of a level of a logger's, in any case, with brackets or colours around it or not:\n\n| level | number |\n|---|---|\n")
	for _, level := range []string{
		"trace", "finest", "silly", "debug", "dbg", "finer", "verbose", "fine", "http", "config", "info", "information", "notice", "warn", "warning",
		"error", "err", "severe", "crit", "dpanic", "panic", "alert", "fatal", "critical", "emerg", "emergency", "INFO+2", "10", "20", "30", "40", "50", "60",
		"7", "6", "5", "4", "3", "2", "1", "0",
	} {
		fmt.Fprintf(w, "| `%s` | %d |\n", level, severityOf([]byte(level)))
	}
	w.WriteString("\nNumbers from 0 to 7 are syslog's, from 10 on those of pino and bunyan.\n")
}

// writeLoggers shows the first line of each logger whose lines are of a format of
// many.
func writeLoggers(w *strings.Builder, name string, all []corpus) {
	w.WriteString("\nAttributes are the line's own. The first line of each log that it is checked with:\n\n")
	for _, c := range all {
		if c.format == name {
			line := c.lines[0]
			fmt.Fprintf(w, "- %s: `%s`\n", filepath.Base(c.name), line[:min(len(line), 400)])
		}
	}
}

// writeReference writes what is known of a format.
func writeReference(t *testing.T, w *strings.Builder, f *format, all []corpus) {
	s := seen{attributes: map[string]string{}, datasets: map[string]bool{}}
	s.look(t, f, []byte(f.example), &event.Source{Container: "c"})
	var logs []string
	for _, c := range all {
		if c.format != f.name {
			continue
		}
		for i, line := range c.lines {
			s.look(t, f, line, c.source(fmt.Sprint(i)))
		}
		version, err := os.ReadFile(filepath.Join(filepath.Dir(c.name), "VERSION"))
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, strings.ReplaceAll(strings.TrimSpace(string(version)), "\n", "; "))
	}
	slices.Sort(logs)
	fmt.Fprintf(w, "\n## %s\n\n%s\n\n```text\n%s\n```\n\n", f.name, f.about, f.example)
	fmt.Fprintf(w, "- **Name it**: `format: %s` of a `files` receiver, the annotation `tailrace.io/format: %s` of a pod, `tailrace parse --format %s`.\n", f.name, f.name, f.name)
	fmt.Fprintf(w, "- **Dataset**: %s.\n", cmp.Or(strings.Join(slices.Sorted(maps.Keys(s.datasets)), ", "), "`generic`"))
	fmt.Fprintf(w, "- **Time**: %s. **Severity**: %s. **Trace context**: %s.\n", f.time, f.severity, f.trace)
	fmt.Fprintf(w, "- **Checked with**: %s.\n", cmp.Or(strings.Join(slices.Compact(logs), "; "), "made-up lines of its kind"))
	if f.name == "json" || f.name == "logfmt" {
		writeLoggers(w, f.name, all)
	}
	if len(s.attributes) > 0 {
		w.WriteString("\n| attribute | type | for example |\n|---|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(s.attributes)) {
			fmt.Fprintf(w, "| `%s` | %s |\n", name, s.attributes[name])
		}
	}
}

// seen is what lines of a format became.
type seen struct {
	attributes map[string]string
	datasets   map[string]bool
}

func (s *seen) look(t *testing.T, f *format, line []byte, src *event.Source) {
	p := New(Options{})
	b := redacted(batchOf(src, line))
	readLater(b)
	p.Process(b)
	r := &b.Records[0]
	if formats[r.Format].name != f.name || f.name == "json" || f.name == "logfmt" {
		return
	}
	if r.Dataset != "" {
		s.datasets["`"+r.Dataset+"`"] = true
	}
	for _, field := range b.FieldsOf(r) {
		name := cmp.Or(field.Name, string(b.Bytes(field.Key)))
		if field.Value.Kind == event.KindMembers || s.attributes[name] != "" {
			continue
		}
		kind, value := kindOf(b, field.Value)
		if len(value) > 60 {
			value = strings.ToValidUTF8(value[:57], "") + "…"
		}
		s.attributes[name] = kind + " | " + "`" + strings.ReplaceAll(value, "|", `\|`) + "`"
	}
}

// kindOf names a value's type and shows it.
func kindOf(b *event.Batch, v event.Value) (kind, value string) {
	text := string(b.Bytes(v.Span))
	switch v.Kind {
	case event.KindInt:
		return "whole number", fmt.Sprint(v.Num)
	case event.KindBool:
		return "true or false", fmt.Sprint(v.Num != 0)
	case event.KindConst:
		return "text", v.Const
	case event.KindTextArray:
		return "list of texts", text
	case event.KindJSON:
		switch text[0] {
		case '[':
			return "list", text
		case '{':
			return "object", text
		case '"':
			return "text", text[1 : len(text)-1]
		case 't', 'f':
			return "true or false", text
		}
		return "number", text
	}
	return "text", text
}
