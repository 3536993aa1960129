package parse

import (
	"bytes"
	"unicode/utf8"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// escape is how a server writes bytes that it does not want in its log as they
// are.
type escape uint8

const (
	escapeNone escape = iota
	// escapeHex is nginx's \xHH (ngx_http_log_escape), upper-case.
	escapeHex
	// escapeApache is that and C's escapes (ap_escape_logitem).
	escapeApache
	// escapeJSON is nginx's with escape=json.
	escapeJSON
	// escapeHash is HAProxy's #HH (lf_encode_string).
	escapeHash
	// escapeQuote is Traefik's \", and nothing else.
	escapeQuote
)

// closes reports whether a quote inside of a text is always escaped, so that
// the first that is not ends it.
func (e escape) closes() bool { return e != escapeNone && e != escapeQuote }

// sign is the byte that an escape begins with.
func (e escape) sign() byte {
	if e == escapeHash {
		return '#'
	}
	return '\\'
}

// in is the escape, or escapeNone where text has none: a line is looked through
// once instead of each of its values.
func (e escape) in(text []byte) escape {
	if e == escapeNone || bytes.IndexByte(text, e.sign()) < 0 {
		return escapeNone
	}
	return e
}

// decoded is s without escapes, unless that makes no valid UTF-8: then the
// escapes, which lose nothing, stay.
func (a *access) decoded(s event.Span) event.Span {
	text := a.bytes(s)
	if bytes.IndexByte(text, a.escape.sign()) < 0 {
		return s
	}
	at := len(a.l.b.Data)
	a.l.b.Data = a.escape.appendDecoded(a.l.b.Data, text)
	if !utf8.Valid(a.l.b.Data[at:]) {
		a.l.b.Data = a.l.b.Data[:at]
		return s
	}
	return a.l.appended(at)
}

// appendDecoded appends what s means; an escape that the server does not have
// stays as it is written.
func (e escape) appendDecoded(dst, s []byte) []byte {
	switch e {
	case escapeHash:
		return appendHexDecoded(dst, s, "#")
	case escapeApache:
		return appendUnquoted(dst, s)
	case escapeJSON:
		if quotable(s) {
			return strictjson.AppendText(dst, s)
		}
		return append(dst, s...)
	case escapeQuote:
		return appendWithoutSlashes(dst, s)
	}
	return appendHexDecoded(dst, s, `\x`)
}

// appendHexDecoded appends s with the sign and two hexadecimal digits replaced
// by the byte that they name.
func appendHexDecoded(dst, s []byte, sign string) []byte {
	for {
		n := bytes.IndexByte(s, sign[0])
		if n < 0 {
			return append(dst, s...)
		}
		dst, s = append(dst, s[:n]...), s[n:]
		if r, ok := hexRune(s[min(len(sign), len(s)):], 2); ok && string(s[:len(sign)]) == sign {
			dst, s = append(dst, byte(r)), s[len(sign)+2:]
		} else {
			dst, s = append(dst, s[0]), s[1:]
		}
	}
}

// quotable reports whether each backslash of s begins an escape of JSON's.
func quotable(s []byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		if i++; i == len(s) {
			return false
		}
		if s[i] == 'u' {
			if _, ok := hexRune(s[i+1:], 4); !ok {
				return false
			}
		} else if bytes.IndexByte([]byte(`"\/bfnrt`), s[i]) < 0 {
			return false
		}
	}
	return true
}

// appendWithoutSlashes appends s with \" as ". Where a quote stands alone
// nothing was escaped: older versions do not.
func appendWithoutSlashes(dst, s []byte) []byte {
	at := len(dst)
	for i, c := range s {
		if c == '"' && (i == 0 || s[i-1] != '\\') {
			return append(dst[:at], s...)
		}
		if c == '"' {
			dst = dst[:len(dst)-1]
		}
		dst = append(dst, c)
	}
	return dst
}
