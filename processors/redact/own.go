package redact

import (
	"bytes"
	"regexp"
)

// own is a rule of the configuration.
type own struct {
	rule    rule
	re      *regexp.Regexp
	literal []byte
}

// newOwn compiles rules that are valid.
func newOwn(rules []Rule) (all []own) {
	for i, r := range rules {
		re := regexp.MustCompile(r.Regexp)
		literal, _ := re.LiteralPrefix()
		if len(r.Contains) > len(literal) {
			literal = r.Contains
		}
		all = append(all, own{numRules + rule(i), re, []byte(literal)})
	}
	return all
}

// find notes what the rule finds: its first group, or all of a match.
func (o *own) find(s *scanner) {
	if !bytes.Contains(s.text, o.literal) {
		return
	}
	for _, at := range o.re.FindAllSubmatchIndex(s.text, -1) {
		if len(at) > 2 && at[2] >= 0 {
			s.extra(o.rule, at[2], at[3])
		} else {
			s.extra(o.rule, at[0], at[1])
		}
	}
}

// extra notes text[from:to] wherever it stands. In what may be JSON a number
// goes whole, and what is neither in a string nor a number stays.
func (s *scanner) extra(r rule, from, to int) {
	if !s.object {
		if from < to {
			s.matches = append(s.matches, match{from: from, to: to, rule: r})
		}
		return
	}
	if !s.inString(from) {
		for from > 0 && numberByte(s.text[from-1]) {
			from--
		}
		for to = from; to < len(s.text) && numberByte(s.text[to]); to++ {
		}
		if isNumber(s.text[from:to]) {
			s.matches = append(s.matches, match{from: from, to: to, rule: r, number: true})
		}
		return
	}
	if s.backslashes(from)%2 == 1 {
		from--
	}
	to = s.stringEnd(from, to)
	for i := from; i < to; i++ {
		if s.text[i] == '\\' {
			// An escape is taken whole or left.
			end, _ := s.escape(i)
			if end = max(end, i+2); end > to {
				to = i
			}
			i = end - 1
		}
	}
	if from < to {
		s.matches = append(s.matches, match{from: from, to: to, rule: r})
	}
}

func numberByte(c byte) bool {
	return digit.has(c) || c == '.' || c == '-' || c == '+' || c|0x20 == 'e'
}

// inString reports whether a place of a JSON object is in a string. It goes on
// from the last place it was asked for.
func (s *scanner) inString(at int) bool {
	if at < s.quoteAt {
		s.quoteAt, s.inQuotes = 0, false
	}
	for ; s.quoteAt < at; s.quoteAt++ {
		switch s.text[s.quoteAt] {
		case '\\':
			s.quoteAt++
		case '"':
			s.inQuotes = !s.inQuotes
		}
	}
	return s.inQuotes
}
