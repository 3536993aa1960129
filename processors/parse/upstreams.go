package parse

import (
	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// list adds what nginx writes of several upstream servers, joined with commas,
// and with colons where a request was handed on inside the server: an array
// with null for what a server did not answer.
func (a *access) list(f *accessField, s event.Span) bool {
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
	a.addJSON(f.name, at)
	return true
}

// upstreamItem is the first item of a list, and where the next begins.
func upstreamItem(s []byte) (item []byte, next int) {
	for i, c := range s {
		switch {
		case c == ',' && i+1 < len(s) && s[i+1] == ' ':
			return s[:i], i + 2
		case c == ' ' && i+2 < len(s) && s[i+1] == ':' && s[i+2] == ' ':
			return s[:i], i + 3
		}
	}
	return s, len(s)
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
