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
		if string(text) != "_" && !a.hosted {
			a.host(s)
		}
	}
	return true
}

// peer adds a client as address:port, [address]:port or address alone.
func (a *access) peer(s event.Span) bool {
	text := a.bytes(s)
	end := ipv4End(text)
	if end == 0 || end < len(text) && text[end] != ':' {
		return a.peer6(s)
	}
	return a.addPeer(cut(s, 0, end), text[end:])
}

// peer6 is peer for addresses that have colons too.
func (a *access) peer6(s event.Span) bool {
	text := a.bytes(s)
	if isIP(text) {
		return a.addPeer(s, nil)
	}
	colon := bytes.LastIndexByte(text, ':')
	if colon < 0 {
		return false
	}
	from, to := 0, colon
	if colon > 2 && text[0] == '[' && text[colon-1] == ']' {
		from, to = 1, colon-1
	}
	return isIP(text[from:to]) && a.addPeer(cut(s, from, to), text[colon:])
}

// addPeer adds an address and the port behind its colon, if it has one.
func (a *access) addPeer(address event.Span, port []byte) bool {
	n := int64(0)
	if len(port) > 0 {
		var ok bool
		if n, ok = wholeNumber(port[1:]); !ok || n > 65535 {
			return false
		}
	}
	a.l.addText("client.address", a.clean(address))
	if len(port) > 0 {
		a.l.addInt("client.port", n)
	}
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

func isIPv4(s []byte) bool { return len(s) > 0 && ipv4End(s) == len(s) }

// ipv4End is the length of the four decimal numbers that s begins with, 0 when
// it does not.
func ipv4End(s []byte) int {
	dots, begin, n := 0, 0, 0
	for i, c := range s {
		switch {
		case c-'0' <= 9:
			n = n*10 + int(c-'0')
		case c == '.' && dots < 3 && isOctet(i-begin, n):
			dots, begin, n = dots+1, i+1, 0
		case dots == 3 && isOctet(i-begin, n):
			return i
		default:
			return 0
		}
	}
	if dots == 3 && isOctet(len(s)-begin, n) {
		return len(s)
	}
	return 0
}

// isOctet reports whether n, written in so many digits, is one of an address.
func isOctet(digits, n int) bool { return digits > 0 && digits <= 3 && n <= 255 }

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
