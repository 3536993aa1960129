package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// parseRustTracing reads what tracing-subscriber's fmt writes for Rust's tracing
// (format::Full), which colours it wherever it goes unless it is told not to:
//
//	2026-03-05T10:11:12.123456Z  INFO request{method="GET"}: shop::cart: order placed order=4711
func parseRustTracing(l *line) bool {
	if l.text[0] != esc {
		return l.rustTracing()
	}
	line, text := l.r.Line, l.text
	at := len(l.b.Data)
	l.b.Data = uncoloured(l.b.Data, text)
	l.r.Line = l.appended(at)
	l.text, l.stampAt = l.b.Bytes(l.r.Line), 0
	ok := l.rustTracing()
	l.r.Line, l.text, l.stampAt = line, text, 0
	return ok
}

func (l *line) rustTracing() bool {
	t := l.isoAt(0)
	const levelSize = len(" TRACE ")
	if !t.zoned || len(l.text) < t.end+levelSize || !l.hasAt(t.end-1, "Z ") || l.text[t.end+levelSize-1] != ' ' {
		return l.fail(reasonMisfit, t.end)
	}
	level := l.blanks(t.end + 1)
	levelTo := t.end + levelSize - 1
	number := rustLevel(l.text[level:max(level, levelTo)])
	if number == 0 {
		return l.fail(reasonMisfit, level)
	}
	spans, target, message := l.rustTarget(levelTo + 1)
	if message == 0 {
		return l.fail(reasonMisfit, levelTo)
	}
	l.setStamp(t)
	l.setLevel(number, level, levelTo)
	if spans > 0 {
		l.addText("rust.spans", l.span(levelTo+1, spans))
	}
	l.addText("log.logger", l.span(target, message-len(": ")))
	l.message(message)
	return true
}

// rustTarget finds the target before the message, and the spans before it: each
// is a name, with fields in braces perhaps, and a colon. spans is where they end,
// 0 when there are none. A lone name with no fields is a span only where a path
// follows, since a message may begin with a word and a colon too.
func (l *line) rustTarget(i int) (spans, target, message int) {
	at, certain := i, false
	for {
		end, braces := l.rustSpan(at)
		if end == 0 {
			return 0, 0, 0
		}
		certain = certain || braces || at > i
		at = end
		if l.hasAt(at, " ") {
			break
		}
	}
	first, next := at-len(":"), at+1
	path := bytes.Contains(l.text[i:first], []byte("::"))
	end := l.rustPath(next)
	switch {
	case certain && end == 0:
		return 0, 0, 0
	case certain, end > 0 && !path && bytes.Contains(l.text[next:end], []byte("::")):
		return first, next, end + len(": ")
	case l.rustPath(i) == first:
		return 0, i, next
	}
	return 0, 0, 0
}

// rustSpan is the index behind the colon of the span or target at i, 0 when
// there is none, and whether it has fields.
func (l *line) rustSpan(i int) (end int, braces bool) {
	s := l.text
	for end = i; end < len(s) && s[end] > ' '; end++ {
		switch {
		case s[end] == ':' && l.hasAt(end, "::"):
			end++
		case s[end] == ':' && end > i:
			return end + 1, false
		case s[end] == '{':
			if end = l.rustFields(end + 1); l.hasAt(end, "}:") {
				return end + len("}:"), true
			}
			return 0, false
		}
	}
	return 0, false
}

// rustFields is the index of the brace that closes a span's fields, -1 when none
// does. Texts among them are quoted as Rust's Debug does, and may hold braces.
func (l *line) rustFields(i int) int {
	for depth := 1; i >= 0 && i < len(l.text); i++ {
		switch l.text[i] {
		case '"':
			if i = closingQuote(l.text, i+1); i < 0 {
				return -1
			}
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// rustPath is the end of the path of modules at i, which ": " must follow, 0 when
// there is none.
func (l *line) rustPath(i int) int {
	for end := i; end < len(l.text); end++ {
		c := l.text[end]
		switch {
		case l.hasAt(end, "::"):
			end++
		case c == ':' && end > i && l.hasAt(end, ": "):
			return end
		case !wordByte(c):
			return 0
		}
	}
	return 0
}

// esc begins the sequences that colour a terminal.
const esc = 0x1b

// uncoloured appends s without the sequences that colour it, eight bytes at a time,
// of which the next ones overwrite those from a sequence on.
func uncoloured(to, s []byte) []byte {
	at := len(to)
	to = slices.Grow(to, len(s)+8)[:at+len(s)+8]
	for i := 0; i < len(s); {
		x := upToEnd(s, i)
		binary.LittleEndian.PutUint64(to[at:], x)
		n := min(bits.TrailingZeros64(zeroBytes(x^esc*ones))>>3, len(s)-i)
		at, i = at+n, i+n
		if n < 8 {
			i += colour(s[i:])
		}
	}
	return to[:at]
}
