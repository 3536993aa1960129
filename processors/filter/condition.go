package filter

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// condition is one field of a rule's match.
type condition struct {
	field string
	// needle is the field as a key in JSON, with which a run of members is
	// searched before it is read.
	needle []byte
	where  place
	test   test
}

// place is where a condition's value is found.
type place uint8

const (
	inAttributes place = iota
	inBody
	inSeverityNumber
	inSeverityText
)

// test is what is asked of a value.
type test struct {
	kind   testKind
	text   []byte
	number float64
	// low and high bound the severity numbers of a level's name.
	low, high uint8

	// anchored and literal are what a value must begin with or contain for
	// the regular expression to have a chance.
	re                *regexp.Regexp
	anchored, literal []byte
}

type testKind uint8

const (
	equalsText testKind = iota
	equalsNumber
	hasPrefix
	matchesRegexp
	inLevel
)

// newCondition compiles a field and the value or test that a rule gives it.
func newCondition(field string, want any) (condition, error) {
	c := condition{field: field, needle: strconv.AppendQuote(nil, field)}
	switch field {
	case "":
		return c, errors.New("has no name")
	case "body":
		c.where = inBody
	case "severity_text":
		c.where = inSeverityText
	case "severity", "severity_number":
		c.where = inSeverityNumber
	}
	err := c.compile(want)
	return c, err
}

func (c *condition) compile(want any) error {
	if c.field == "severity" {
		return c.compileLevel(want)
	}
	m, ok := want.(map[string]any)
	if !ok {
		return c.compileEquals(want)
	}
	if len(m) != 1 {
		return fmt.Errorf("needs exactly one of equals, prefix and regexp, not %d keys", len(m))
	}
	if v, ok := m["equals"]; ok {
		return c.compileEquals(v)
	}
	if v, ok := m["prefix"]; ok {
		return c.compilePrefix(v)
	}
	if v, ok := m["regexp"]; ok {
		return c.compileRegexp(v)
	}
	return errors.New("needs one of equals, prefix and regexp")
}

func (c *condition) compileEquals(want any) error {
	c.test.kind = equalsNumber
	switch v := want.(type) {
	case string:
		c.test.kind, c.test.text = equalsText, []byte(v)
	case bool:
		c.test.kind, c.test.text = equalsText, strconv.AppendBool(nil, v)
	case int:
		c.test.number = float64(v)
	case int64:
		c.test.number = float64(v)
	case uint64:
		c.test.number = float64(v)
	case float64:
		c.test.number = v
	default:
		return errors.New("the value must be text, a number or a boolean")
	}
	return nil
}

func (c *condition) compilePrefix(want any) error {
	s, ok := want.(string)
	if !ok || s == "" {
		return errors.New("prefix: must be text that is not empty")
	}
	c.test.kind, c.test.text = hasPrefix, []byte(s)
	return nil
}

func (c *condition) compileRegexp(want any) error {
	s, ok := want.(string)
	if !ok || s == "" {
		return errors.New("regexp: must be text that is not empty")
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return fmt.Errorf("regexp: %w", err)
	}
	c.test.kind, c.test.re = matchesRegexp, re
	c.test.anchored = anchoredLiteral(s)
	if c.test.anchored == nil {
		literal, _ := re.LiteralPrefix()
		c.test.literal = []byte(literal)
	}
	return nil
}

// anchoredLiteral is the text behind a ^ that every match begins with, nil if
// there is none.
func anchoredLiteral(expr string) []byte {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	re = re.Simplify()
	if re.Op != syntax.OpConcat || len(re.Sub) < 2 || re.Sub[0].Op != syntax.OpBeginText {
		return nil
	}
	if lit := re.Sub[1]; lit.Op == syntax.OpLiteral && lit.Flags&syntax.FoldCase == 0 {
		return []byte(string(lit.Rune))
	}
	return nil
}

// levels are the families of severity numbers of the OpenTelemetry log data
// model, by their short names.
var levels = []string{"trace", "debug", "info", "warn", "error", "fatal"}

func (c *condition) compileLevel(want any) error {
	name, _ := want.(string)
	for i, level := range levels {
		if strings.EqualFold(name, level) {
			c.test.kind, c.test.low, c.test.high = inLevel, uint8(4*i+1), uint8(4*i+4)
			return nil
		}
	}
	return fmt.Errorf("must be one of %s; use severity_number or severity_text for others", strings.Join(levels, ", "))
}

// holds tests a value. A number is compared as a number, however the record
// spells it.
func (t *test) holds(v []byte) bool {
	switch t.kind {
	case equalsText:
		return bytes.Equal(v, t.text)
	case hasPrefix:
		return bytes.HasPrefix(v, t.text)
	case matchesRegexp:
		return bytes.HasPrefix(v, t.anchored) && bytes.Contains(v, t.literal) && t.re.Match(v)
	case equalsNumber:
		n, err := strconv.ParseFloat(string(v), 64)
		return err == nil && n == t.number
	}
	return false
}
