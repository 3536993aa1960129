package search

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// A literal is a piece of text that stands in a document as it stands in the
// text that people see, so that it can be looked for before any JSON is read.
type literal struct {
	text []byte
	// fold means that ASCII letters of either case stand for each other.
	fold bool
}

// maxLiterals bounds how many literals one document is searched for, and
// minLiteral how short they may be: beyond either, parsing every document
// costs no more.
const (
	maxLiterals = 16
	minLiteral  = 2
)

// required returns literals of which at least one stands in every text that
// re matches; nil when there is no such set.
func required(re *syntax.Regexp) []literal {
	switch re.Op {
	case syntax.OpLiteral:
		return longest(re.Rune, re.Flags&syntax.FoldCase != 0)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		return bestOf(re.Sub)
	case syntax.OpAlternate:
		return allOf(re.Sub)
	}
	return nil
}

// bestOf picks the most telling set among parts that must all be there.
func bestOf(parts []*syntax.Regexp) []literal {
	var best []literal
	for _, part := range parts {
		if set := required(part); shortest(set) > shortest(best) {
			best = set
		}
	}
	return best
}

// allOf joins the sets of alternatives, each of which must have one.
func allOf(alternatives []*syntax.Regexp) []literal {
	var all []literal
	for _, a := range alternatives {
		set := required(a)
		if set == nil || len(all)+len(set) > maxLiterals {
			return nil
		}
		all = append(all, set...)
	}
	return all
}

// shortest is the length of the least telling literal, 0 for no set.
func shortest(set []literal) int {
	least := 0
	for i, l := range set {
		if i == 0 || len(l.text) < least {
			least = len(l.text)
		}
	}
	return least
}

// longest is the longest run of characters that documents never escape.
func longest(runes []rune, fold bool) []literal {
	var best, run []byte
	for _, r := range runes {
		if !plain(r) || fold && !foldsInASCII(r) {
			run = run[:0]
			continue
		}
		run = utf8.AppendRune(run, r)
		if len(run) > len(best) {
			best = append(best[:0], run...)
		}
	}
	if len(best) < minLiteral {
		return nil
	}
	return []literal{{text: best, fold: fold}}
}

// plain says whether r stands in JSON as itself. Left out are the characters
// that JSON must or may write with a short escape (RFC 8259, section 7), and
// '=', which stands between an attribute's name and value only on the screen.
// An escape \uXXXX can hide any character: hidesText finds those.
func plain(r rune) bool {
	switch r {
	case '"', '\\', '/', '=', utf8.RuneError:
		return false
	}
	return r >= 0x20 && r != 0x7f
}

// foldsInASCII says whether all of r's case variants are ASCII: not so of k
// (the Kelvin sign) and s (the long s).
func foldsInASCII(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			return false
		}
	}
	return r < utf8.RuneSelf
}
