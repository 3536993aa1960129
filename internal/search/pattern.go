package search

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// PatternOptions are grep's letters that change what a pattern means.
type PatternOptions struct {
	// Fixed takes the pattern as plain text, not as an RE2 expression.
	Fixed bool
	// IgnoreCase matches upper and lower case alike.
	IgnoreCase bool
	// Word matches only where no letter, digit or underscore stands on either
	// side.
	Word bool
	// Invert selects the lines that do not match.
	Invert bool
}

// Pattern is what a line is searched for.
type Pattern struct {
	re     *regexp.Regexp
	text   []byte // what to look for, when that needs no expression
	invert bool
	// group is the part of a match that people mean by it: with Word, a match
	// has the character before and behind it.
	group int
	needs []literal
}

// edge is what -w wants on both sides of a match.
const edge = `[^\pL\pN_]`

// CompilePattern reads a pattern as grep would be given it.
func CompilePattern(expr string, o PatternOptions) (*Pattern, error) {
	p := &Pattern{invert: o.Invert}
	if o.Word {
		p.group = 1
	}
	if o.Fixed && !o.IgnoreCase && !o.Word {
		p.text = []byte(expr)
	}
	parsed, err := syntax.Parse(source(expr, o), syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %q is not a regular expression: %w; -F takes it as plain text", expr, err)
	}
	if p.re, err = regexp.Compile(parsed.String()); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	if !o.Invert {
		p.needs = required(parsed.Simplify())
	}
	return p, nil
}

// source is the expression that pattern and options amount to.
func source(expr string, o PatternOptions) string {
	if o.Fixed {
		expr = regexp.QuoteMeta(expr)
	}
	if o.Word {
		expr = `(?:^|` + edge + `)(` + expr + `)(?:$|` + edge + `)`
	}
	if o.IgnoreCase {
		expr = `(?i)` + expr
	}
	return expr
}

// found says whether one text has the pattern, before -v turns it round.
func (p *Pattern) found(text []byte) bool {
	if p.text != nil {
		return bytes.Contains(text, p.text)
	}
	return p.re.Match(text)
}

// Match says whether a document is selected: whether any of the texts that
// people see of it has the pattern, or with Invert none has.
func (p *Pattern) Match(d *Document) bool {
	for text := range d.Texts() {
		if p.found(text) {
			return !p.invert
		}
	}
	return p.invert
}
