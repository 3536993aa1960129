package parse

import (
	"bytes"
	"unicode/utf8"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// parseLogfmt reads key=value pairs separated by white space; a value may be
// quoted, and behind the first pair a key may stand alone. Detection asks for
// two pairs and a key that loggers write; a stream known to be logfmt may
// leave that out as long as every word is a pair. A call of a function with named
// arguments is none.
func parseLogfmt(l *line) bool {
	first := keyEnd(l.text, 0)
	if first == 0 || first == len(l.text) || l.text[first] != '=' || bytes.IndexByte(l.text[:first], '(') >= 0 {
		return l.fail(reasonMisfit, first)
	}
	return l.logfmt()
}

// logfmt is parseLogfmt for lines that begin with a pair.
func (l *line) logfmt() bool {
	pairs, bare, end := l.scanPairs(0)
	if end < len(l.text) {
		return l.fail(reasonMisfit, end)
	}
	sure := l.sticky && bare < 0 || pairs >= 2 && pairs > len(l.members)-pairs && l.knownKey()
	if !sure {
		return l.fail(reasonMisfit, max(bare, 0))
	}
	twice := l.lastWins()
	l.application()
	l.addPairs()
	if twice {
		l.wholeBody()
	}
	return true
}

// knownKey reports whether the line has a time, a level or a message.
func (l *line) knownKey() bool {
	for i := range l.members {
		switch appKeys.keys[appKeys.find(l.text, &l.members[i]).known].role {
		case roleTime, roleLevel, roleMessage:
			return true
		}
	}
	return false
}

// lastWins takes out the earlier of pairs with the same key and reports
// whether there were any: a document cannot hold both, and the body then is
// the whole line, so that nothing is lost.
func (l *line) lastWins() bool {
	var seen nameSet
	maybe := false
	for i := range l.members {
		m := &l.members[i]
		maybe = seen.put(nameHash(m.Word, m.KeyEnd-m.Key)) || maybe
	}
	return maybe && l.takeEarlier()
}

// takeEarlier is lastWins where keys may be there twice.
func (l *line) takeEarlier() bool {
	twice := false
	for i := range l.members {
		for j := i + 1; j < len(l.members); j++ {
			a, b := &l.members[i], &l.members[j]
			if a.Word == b.Word && string(l.text[a.Key:a.KeyEnd]) == string(l.text[b.Key:b.KeyEnd]) {
				a.Mark, twice = markTaken, true
				break
			}
		}
	}
	return twice
}

// maxPairs is the cap on pairs of one line; it leaves room for the attributes
// that a format adds itself below the cap on all fields of a record.
const maxPairs = strictjson.MaxFields - 16

// scanPairs reads pairs from i to the end of the line into members. It counts
// those with a value, says where the first without one stands (-1 if nowhere)
// and how far it came.
func (l *line) scanPairs(i int) (pairs, bare, end int) {
	s := l.text
	l.members, bare = l.pairs[:0], -1
	for {
		for i < len(s) && s[i] <= ' ' {
			i++
		}
		if i == len(s) {
			return pairs, bare, i
		}
		start := i
		if i = keyEnd(s, i); i == start || len(l.members) == maxPairs {
			return pairs, bare, i
		}
		m := l.pair()
		m.Word, m.Key, m.KeyEnd = strictjson.Word(s, start, i), uint32(start), uint32(i)
		switch {
		case i == len(s) || s[i] <= ' ':
			if bare < 0 {
				bare = start
			}
			m.Kind, m.Value, m.ValueEnd = kindBare, uint32(i), uint32(i)
		case s[i] != '=':
			l.members = l.members[:len(l.members)-1]
			return pairs, bare, i
		default:
			if i = l.pairValue(m, i+1); i < 0 {
				l.members = l.members[:len(l.members)-1]
				return pairs, bare, start
			}
			pairs++
		}
	}
}

// pair is another member, to be filled in place.
func (l *line) pair() *strictjson.Member {
	l.members = append(l.members, strictjson.Member{})
	l.pairs = l.members
	return &l.members[len(l.members)-1]
}

// keyEnd is the end of the key that begins at i. A key must be able to stand
// in JSON as it is.
func keyEnd(s []byte, i int) int {
	for i < len(s) && keyBytes[s[i]] {
		i++
	}
	return i
}

var keyBytes = func() (set [256]bool) {
	for c := ' ' + 1; c < utf8.RuneSelf; c++ {
		set[c] = c != '=' && c != '"' && c != '\\'
	}
	return set
}()

// pairValue reads the value at i into m and returns the index behind it, or
// less than zero when its quotes do not end.
func (l *line) pairValue(m *strictjson.Member, i int) int {
	s := l.text
	if i == len(s) || s[i] != '"' {
		end := wordEnd(s, i)
		m.Kind, m.Value, m.ValueEnd = kindBare, uint32(i), uint32(end)
		return end
	}
	end := l.quotedValue(m, i)
	if end < 0 || end < len(s) && s[end] > ' ' {
		return -1
	}
	return end
}

// quotedValue is pairValue for a quote at i, whatever is behind the other.
func (l *line) quotedValue(m *strictjson.Member, i int) int {
	s := l.text
	m.Kind = strictjson.String
	end := strictjson.Plain(s, i+1)
	if end >= len(s) || s[end] != '"' {
		if end = closingQuote(s, end); end < 0 {
			return -1
		}
		if m.EscapedValue = true; !strictjson.IsString(s[i : end+1]) {
			m.Kind = kindQuoted
		}
	}
	m.Value, m.ValueEnd = uint32(i), uint32(end+1)
	return end + 1
}

// closingQuote is the index of the next quote from i on that no backslash
// escapes, less than zero when there is none.
func closingQuote(s []byte, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// appendUnquoted appends what a Go string literal's content means; an escape
// that Go does not have stays as it is written.
func appendUnquoted(dst, s []byte) []byte {
	for len(s) > 0 {
		if s[0] != '\\' || len(s) == 1 {
			dst, s = append(dst, s[0]), s[1:]
			continue
		}
		n := 0
		switch s[1] {
		case 'x':
			n = 2
		case 'u':
			n = 4
		case 'U':
			n = 8
		}
		if r, ok := hexRune(s[2:], n); ok {
			dst, s = appendEscaped(dst, r, n), s[2+n:]
			continue
		}
		if c := goEscapes[s[1]]; c != 0 {
			dst, s = append(dst, c), s[2:]
			continue
		}
		dst, s = append(dst, s[0], s[1]), s[2:]
	}
	return dst
}

// appendEscaped appends a byte written as \xHH or a character written longer.
func appendEscaped(dst []byte, r rune, n int) []byte {
	if n == 2 {
		return append(dst, byte(r))
	}
	return utf8.AppendRune(dst, r)
}

// hexRune reads n hexadecimal digits, of which there must be some.
func hexRune(s []byte, n int) (r rune, ok bool) {
	if n == 0 || len(s) < n {
		return 0, false
	}
	for _, c := range s[:n] {
		d := lowerDigits[c|0x20]
		if d > 15 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// goEscapes are Go's single-character escapes.
var goEscapes = [256]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '\'': '\'', '"': '"'}
