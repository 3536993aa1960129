package parse

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// Custom are formats that the configuration defines, compiled, by name. They
// are not changed once compiled, so that lanes may share them.
type Custom map[string]*custom

// custom is one of them.
type custom struct {
	name string
	// split hands the line's fields to a reading of it, and reports whether the
	// line is of the format; if not, it has called line.fail.
	split func(*customLine) bool
	// misfit says where a line that does not fit leaves the format. It is asked
	// only where a line is explained.
	misfit func(text []byte) misfit
	// fields are those that the definition's type numbers.
	fields []customField
	time   customTime
	levels map[string]uint8
	// byKey are the fields of formats whose lines name them.
	byKey map[string]int
	// has are the roles that the definition names fields for; traced, and
	// roleTrace among them, say so of any of trace context.
	has    [numRoles]bool
	traced bool
	// keyed says that the lines name their fields: json and logfmt.
	keyed bool
}

// misfit is the first byte of a line that does not fit, and what should be
// there: text, or a description of it.
type misfit struct {
	at        int
	wanted    string
	described bool
}

// customField is a field of a custom format.
type customField struct {
	role role
	kind customKind
	// name is the attribute that it becomes where its role does not take it, and
	// renamed what that is called if the source has another of the name.
	name, renamed string
}

// Bounds of definitions: nobody needs more, and each costs time on every line.
const (
	maxCustom       = 64
	maxCustomFields = 64
)

// customName is what a format may be called.
var customName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Compile compiles the formats that a configuration defines. An error begins
// with the format's name and the key at fault, as shop.timestamp.layout.
func Compile(definitions map[string]lineformat.Definition) (Custom, error) {
	if len(definitions) > maxCustom {
		return nil, fmt.Errorf("%d formats are too many: define at most %d", len(definitions), maxCustom)
	}
	all := make(Custom, len(definitions))
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		c, err := compileCustom(name, definitions[name])
		if err != nil {
			return nil, fmt.Errorf("%s.%w", name, err)
		}
		all[name] = c
	}
	return all, nil
}

// CheckDefinition is an error for a definition that cannot be compiled. It
// begins with the key at fault.
func CheckDefinition(name string, d lineformat.Definition) error {
	_, err := compileCustom(name, d)
	return err
}

func compileCustom(name string, d lineformat.Definition) (*custom, error) {
	if !customName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of a format: write small letters, digits, hyphens and underscores, 63 at most, a letter first", name)
	}
	if name == FormatAuto || slices.ContainsFunc(formats, func(f format) bool { return f.name == name }) {
		return nil, fmt.Errorf("%s is a format of Tailrace's own: choose another name", name)
	}
	c := &custom{name: name, traced: d.Trace != lineformat.Trace{}}
	var err error
	if c.time, err = compileTime(d.Timestamp.Layout, d.Timestamp.Location); err != nil {
		return nil, err
	}
	if c.levels, err = compileLevels(d.Severity.Mapping); err != nil {
		return nil, err
	}
	switch d.Type {
	case "regexp":
		err = c.compileRegexp(&d)
	case "json":
		err = c.compileMembers(&d, (*customLine).object)
	case "logfmt":
		err = c.compileMembers(&d, (*customLine).pairs)
	case "delimited":
		err = c.compileDelimited(&d)
	default:
		err = fmt.Errorf("type: %q is none: write regexp, json, logfmt or delimited", d.Type)
	}
	if err == nil {
		err = unused(&d)
	}
	return c, err
}

// named makes the format's fields, which are called names; "" stands for none.
func (c *custom) named(d *lineformat.Definition, names []string) error {
	if len(names) > maxCustomFields {
		return fmt.Errorf("%d fields are too many: write at most %d", len(names), maxCustomFields)
	}
	if err := known(d, names); err != nil {
		return err
	}
	for _, name := range names {
		f := customField{role: roleOf(d, name), name: name}
		if as, ok := d.Attributes[name]; ok {
			f.name = as
		}
		f.renamed = f.name + original
		c.has[f.role] = true
		if kind, ok := d.Types[name]; ok {
			n := slices.Index(customKinds, kind)
			if n < 0 {
				return fmt.Errorf("types.%s: %q is no type: write %s", name, kind, strings.Join(customKinds, ", "))
			}
			f.kind = customKind(n)
		}
		c.fields = append(c.fields, f)
	}
	c.has[roleTrace] = c.traced
	return c.unique(d)
}

// known is an error for a key of the definition that names no field.
func known(d *lineformat.Definition, names []string) error {
	uses := map[string]string{
		"timestamp.parse_from": d.Timestamp.ParseFrom, "severity.parse_from": d.Severity.ParseFrom, "body": d.Body,
		"trace.trace_id": d.Trace.TraceID, "trace.span_id": d.Trace.SpanID, "trace.traceparent": d.Trace.Traceparent,
	}
	for field := range d.Attributes {
		uses["attributes."+field] = field
	}
	for field := range d.Types {
		uses["types."+field] = field
	}
	have := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
	by := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(uses)) {
		field := uses[key]
		if field == "" {
			continue
		}
		if !slices.Contains(have, field) {
			return fmt.Errorf("%s: there is no field %q: the fields are %s", key, field, strings.Join(have, ", "))
		}
		if strings.HasPrefix(key, "attributes.") || strings.HasPrefix(key, "types.") {
			continue
		}
		if other := by[field]; other != "" {
			return fmt.Errorf("%s: the field %q is %s already: a field has one meaning", key, field, other)
		}
		by[field] = key
	}
	return nil
}

// unused is an error for a key that formats of the type do not have.
func unused(d *lineformat.Definition) error {
	for _, k := range []struct{ key, value, of string }{
		{"regex", d.Regex, "regexp"}, {"header", d.Header, "delimited"}, {"delimiter", d.Delimiter, "delimited"},
	} {
		if k.value != "" && d.Type != k.of {
			return fmt.Errorf("%s: is for type %s, not %s: take it away, or change the type", k.key, k.of, d.Type)
		}
	}
	return nil
}

// roleOf is what the definition takes a field for.
func roleOf(d *lineformat.Definition, name string) role {
	switch name {
	case "":
		return roleNone
	case d.Timestamp.ParseFrom:
		return roleTime
	case d.Severity.ParseFrom:
		return roleLevel
	case d.Body:
		return roleMessage
	case d.Trace.TraceID:
		return roleTrace
	case d.Trace.SpanID:
		return roleSpan
	case d.Trace.Traceparent:
		return roleTraceparent
	}
	return roleNone
}

// unique is an error for attributes that a document cannot have, or not twice.
func (c *custom) unique(d *lineformat.Definition) error {
	taken := map[string]bool{}
	for _, name := range written {
		taken[name] = true
	}
	for i := range c.fields {
		f := &c.fields[i]
		if f.name == "" {
			if slices.Contains(slices.Collect(maps.Values(d.Attributes)), "") {
				return fmt.Errorf("attributes: a name is empty: write one, or take the entry away to keep the field's own")
			}
			continue
		}
		if taken[f.name] || taken[f.renamed] || !utf8.ValidString(f.name) {
			return fmt.Errorf("attributes: %q is the name of another attribute, or none at all: choose another one", f.name)
		}
		taken[f.name], taken[f.renamed] = true, true
	}
	return nil
}

// compileLevels turns the levels' texts into numbers.
func compileLevels(mapping map[string][]string) (map[string]uint8, error) {
	levels := map[string]uint8{}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		number := levelNamed(name)
		if number == 0 {
			return nil, fmt.Errorf("severity.mapping.%s: there is no such level: write trace, debug, info, warn, error or fatal, perhaps with 2, 3 or 4 behind it", name)
		}
		for _, text := range mapping[name] {
			lower := strings.ToLower(text)
			if _, twice := levels[lower]; twice || len(lower) > maxLevel || lower == "" {
				return nil, fmt.Errorf("severity.mapping.%s: %q is listed twice, empty or longer than %d bytes: change it", name, text, maxLevel)
			}
			levels[lower] = number
		}
	}
	return levels, nil
}

// maxLevel is the longest text of a level, in bytes.
const maxLevel = 32

// levelNamed is the severity number for trace, trace2 … fatal4, else 0.
func levelNamed(name string) uint8 {
	for i, family := range []string{"trace", "debug", "info", "warn", "error", "fatal"} {
		if rest, ok := strings.CutPrefix(name, family); ok {
			n := strings.Index("1234", rest)
			if rest == "" || len(rest) == 1 && n > 0 {
				return uint8(4*i + 1 + n)
			}
		}
	}
	return 0
}

// level is the number for what a line calls its level.
func (c *custom) level(l *line, s []byte) uint8 {
	if len(c.levels) > 0 && len(s) <= maxLevel {
		var lower [maxLevel]byte
		for i, b := range s {
			if 'A' <= b && b <= 'Z' {
				b |= 0x20
			}
			lower[i] = b
		}
		if n, ok := c.levels[string(lower[:len(s)])]; ok {
			return n
		}
	}
	return l.severities.of(s)
}

// parseCustom reads a line by the format that the configuration defines for
// its source.
func parseCustom(l *line) bool {
	c := l.src.custom
	if c == nil {
		return l.fail(reasonMisfit, 0)
	}
	l.wholeBody()
	x := &l.custom
	*x = customLine{l: l, c: c}
	if !c.split(x) {
		return false
	}
	if !c.keyed {
		x.give()
	}
	x.finish()
	return true
}

// customLine is the reading of one line by a custom format.
type customLine struct {
	l *line
	c *custom
	// ids are the trace context so far, and the fields it came from.
	ids             context
	traceID, spanID event.Value
	traceField      *customField
	spanField       *customField
	// value is the one being taken.
	value customValue
}
