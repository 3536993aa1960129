package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// putAddress adds an address of the meaning m, and reports whether it is one.
func (a *access) putAddress(m meaning, s event.Span) bool {
	text := a.bytes(s)
	switch m {
	case meansIP:
		if isIP(text) {
			a.text("client.address", s)
			return true
		}
		// nginx's name for the peer of a socket in the file system.
		return string(text) == "unix:"
	case meansClient:
		if !isIP(text) && !isHostname(text) {
			return false
		}
		a.text("client.address", s)
	case meansPeer:
		return a.peer(s)
	case meansPort:
		port, ok := wholeNumber(text)
		if !ok || port > 65535 {
			return false
		}
		a.l.addInt("client.port", port)
	default:
		if hasSpace(text) {
			return false
		}
		// "_" is nginx's usual name for the server of all other hosts.
		if string(text) != "_" && !a.l.hasField("server.address") {
			a.host(s)
		}
	}
	return true
}

// peer adds a client as address:port, [address]:port or address alone.
func (a *access) peer(s event.Span) bool {
	text := a.bytes(s)
	if isIP(text) {
		a.text("client.address", s)
		return true
	}
	colon := bytes.LastIndexByte(text, ':')
	if colon < 0 {
		return false
	}
	port, ok := wholeNumber(text[colon+1:])
	from, to := 0, colon
	if ok && colon > 2 && text[0] == '[' && text[colon-1] == ']' {
		from, to = 1, colon-1
	}
	if !ok || port > 65535 || !isIP(text[from:to]) {
		return false
	}
	a.text("client.address", cut(s, from, to))
	a.l.addInt("client.port", port)
	return true
}

// isIP reports whether s is an address as programs write it: four decimal
// numbers, or the text form of RFC 4291, 2.2, possibly with a zone.
func isIP(s []byte) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	if bytes.IndexByte(s[:min(len(s), 5)], ':') >= 0 {
		return isIPv6(s)
	}
	return isIPv4(s)
}

func isIPv4(s []byte) bool {
	part, digits, dots := 0, 0, 0
	for _, c := range s {
		switch {
		case c == '.':
			if digits == 0 {
				return false
			}
			part, digits = 0, 0
			dots++
		case c-'0' <= 9:
			part = part*10 + int(c-'0')
			if digits++; part > 255 || digits > 3 {
				return false
			}
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

func isIPv6(s []byte) bool {
	if zone := bytes.IndexByte(s, '%'); zone > 0 {
		s = s[:zone]
	}
	groups, digits, gap := 0, 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ':':
			if i+1 < len(s) && s[i+1] == ':' {
				if gap {
					return false
				}
				gap = true
				i++
			} else if digits == 0 || i+1 == len(s) {
				return false
			}
			digits = 0
		case lowerDigits[c|0x20] <= 15 && c >= '0':
			if digits == 0 {
				groups++
			}
			if digits++; digits > 4 {
				return false
			}
		case c == '.' && digits > 0:
			last := i - digits
			return isIPv4(s[last:]) && (groups == 7 || gap && groups < 7)
		default:
			return false
		}
	}
	return groups == 8 || gap && groups < 8
}

// isHostname reports whether s is a name of RFC 1123, 2.1 that is no number.
func isHostname(s []byte) bool {
	letter := false
	for _, c := range s {
		if !wordByte(c) {
			return false
		}
		letter = letter || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	return letter && len(s) <= 253 && s[0] != '-' && s[0] != '.'
}
