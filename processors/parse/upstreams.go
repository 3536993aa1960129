package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// list adds what nginx writes of several upstream servers, joined with commas,
// and with colons where a request was handed on inside the server: an array
// with null for what a server did not answer.
func (a *access) list(f *accessField, s event.Span) bool {
	if f.means.isItem(a.bytes(s)) {
		a.listOfOne(f, a.bytes(s))
		return true
	}
	at := len(a.l.b.Data)
	dst := append(a.l.b.Data, '[')
	empty := true
	for rest := a.bytes(s); len(rest) > 0; {
		item, n := upstreamItem(rest)
		rest = rest[n:]
		if len(dst) > at+1 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = appendItem(dst, f.means, item); !ok {
			return false
		}
		empty = empty && string(item) == "-"
	}
	a.l.b.Data = append(dst, ']')
	if empty {
		a.l.b.Data = a.l.b.Data[:at]
		return true
	}
	a.l.addJSON(f.name, a.l.appended(at))
	return true
}

// isItem reports whether s is a single item of a list as most are, of which JSON
// needs no escape.
func (m meaning) isItem(s []byte) bool {
	switch m {
	case meansInts:
		_, end := leadingDigits(s, 0)
		return end == len(s) && end <= maxDigits && (s[0] != '0' || end == 1)
	case meansTimes:
		return decimalEnd(s, 0) == len(s)
	}
	for _, c := range s {
		if !addressBytes[c] {
			return false
		}
	}
	return true
}

// addressBytes are those of the addresses that servers have.
var addressBytes = bytesOf(letters + digits0 + "-_.:/[]")

// listOfOne adds a list of one item.
func (a *access) listOfOne(f *accessField, item []byte) {
	at := len(a.l.b.Data)
	if f.means == meansTexts {
		a.l.b.Data = append(append(append(a.l.b.Data, `["`...), item...), `"]`...)
	} else {
		a.l.b.Data = append(append(append(a.l.b.Data, '['), item...), ']')
	}
	a.l.addJSON(f.name, a.l.appended(at))
}

// upstreamItem is the first item of a list, and where the next begins.
func upstreamItem(s []byte) (item []byte, next int) {
	for i := 0; ; i++ {
		n := bytes.IndexByte(s[i:], ' ')
		if n < 0 {
			return s, len(s)
		}
		i += n
		if i > 0 && s[i-1] == ',' {
			return s[:i-1], i + 1
		}
		if i+2 < len(s) && s[i+1] == ':' && s[i+2] == ' ' {
			return s[:i], i + 3
		}
	}
}

// appendItem appends an item of a list as JSON.
func appendItem(dst []byte, m meaning, item []byte) ([]byte, bool) {
	switch {
	case string(item) == "-" || len(item) == 0:
		return append(dst, "null"...), true
	case m == meansTexts:
		dst = append(append(append(dst, '"'), item...), '"')
		return dst, strictjson.IsString(dst[len(dst)-len(item)-2:])
	case m == meansInts:
		_, ok := wholeNumber(item)
		return append(dst, item...), ok && (item[0] != '0' || len(item) == 1)
	}
	return append(dst, item...), strictjson.IsNumber(item)
}
