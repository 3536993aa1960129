package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"

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
		if !ok || port > maxPort {
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
	switch end := ipv4End(text); {
	case end == 0:
		return a.peer6(s)
	case end == len(text):
		a.l.addText("client.address", s)
		return true
	case text[end] != ':':
		return false
	default:
		return a.addPeer(cut(s, 0, end), text[end+1:])
	}
}

// parsePeerLayouts is parseLayouts for layouts that begin with a client's address
// and port, which the first byte of most other lines cannot be of.
func (l *line) parsePeerLayouts(at int, layouts []*layout) bool {
	if !mayBePeer(l.text[at:]) {
		return l.fail(reasonMisfit, at)
	}
	return l.parseLayouts(at, layouts)
}

// mayBePeer reports whether s may begin with what peer reads, or what stands for no
// value.
func mayBePeer(s []byte) bool {
	if len(s) > 1 && s[0] == '[' {
		s = s[1:]
	}
	return len(s) == 0 || peerHeads[s[0]]
}

var peerHeads = bytesOf(digits0 + "abcdefABCDEF:- ")

// peer6 is peer for addresses that have colons too.
func (a *access) peer6(s event.Span) bool {
	text := a.bytes(s)
	if isIP(text) {
		a.l.addText("client.address", a.clean(s))
		return true
	}
	colon := bytes.LastIndexByte(text, ':')
	if colon < 0 {
		return false
	}
	from, to := 0, colon
	if colon > 2 && text[0] == '[' && text[colon-1] == ']' {
		from, to = 1, colon-1
	}
	return isIP(text[from:to]) && a.addPeer(cut(s, from, to), text[colon+1:])
}

// addPeer adds an address and its port.
func (a *access) addPeer(address event.Span, port []byte) bool {
	n, ok := wholeNumber(port)
	if !ok || n > maxPort {
		return false
	}
	a.l.addText("client.address", a.clean(address))
	a.l.addInt("client.port", n)
	return true
}

const maxPort = 1<<16 - 1

// isIP reports whether s is an address as programs write it: four decimal
// numbers, or the text form of RFC 4291, 2.2, possibly with a zone.
func isIP(s []byte) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	return isIPv4(s) || bytes.IndexByte(s[:min(len(s), 5)], ':') >= 0 && isIPv6(s)
}

func isIPv4(s []byte) bool { return len(s) > 0 && ipv4End(s) == len(s) }

// ipv4End is the length of the four decimal numbers that s begins with, 0 when
// it does not. The longest one and the byte behind it are sixteen bytes, which are
// looked at together; the end of s counts as no digit.
func ipv4End(s []byte) int {
	var short [16]byte
	head := &short
	if cap(s) >= len(head) {
		head = (*[16]byte)(s[:len(head)])
	} else {
		copy(short[:], s)
	}
	ends := nonDigits(head[:8]) | nonDigits(head[8:])<<8 | 1<<min(len(s), 16)
	for begin, octet := 0, 1; ; octet++ {
		end := bits.TrailingZeros64(ends)
		if digits := end - begin; digits == 0 || digits > 3 || digits == 3 && aboveOctet(s[begin:end]) {
			return 0
		}
		if octet == 4 {
			return end
		}
		if end >= len(s) || s[end] != '.' {
			return 0
		}
		begin, ends = end+1, ends&(ends-1)
	}
}

// nonDigits has a bit for each of eight bytes that is no digit, the lowest for the
// first. Adding moves what is above nine into the highest bit of its byte; the
// factor's bits are seven apart, so that it moves that of byte k to bit 56+k and no
// two of the others meet.
func nonDigits(eight []byte) uint64 {
	x := binary.LittleEndian.Uint64(eight) ^ '0'*ones
	x |= x&(0x7f*ones) + (0x80-10)*ones
	return x & (0x80 * ones) * 0x0002040810204081 >> 56
}

// aboveOctet reports whether three digits are a number above 255.
func aboveOctet(s []byte) bool {
	return s[0] > '2' || s[0] == '2' && (s[1] > '5' || s[1] == '5' && s[2] > '5')
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
