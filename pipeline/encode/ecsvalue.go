package encode

import (
	"bytes"
	"math"
)

// cutMember takes the first member off a run of valid ones: its key without
// quotes, its value, and what follows the comma.
func cutMember(run []byte) (key, value, rest []byte) {
	run = run[skipSpace(run):]
	end := stringEnd(run)
	key = run[1 : end-1]
	run = run[end:]
	run = run[bytes.IndexByte(run, ':')+1:]
	run = run[skipSpace(run):]
	end = valueEnd(run)
	value, rest = run[:end], run[end:]
	if comma := bytes.IndexByte(rest, ','); comma >= 0 {
		return key, value, rest[comma+1:]
	}
	return key, value, nil
}

func skipSpace(s []byte) int {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// stringEnd is behind the closing quote of the string that s begins with.
func stringEnd(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// valueEnd is behind the valid JSON value that s begins with.
func valueEnd(s []byte) int {
	depth := 0
	for i := 0; i < len(s); {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:])
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(s)
}

// isAddress says whether an index takes s in a field of type ip: IPv4 with four
// numbers up to 255, or what can only be IPv6 without a zone. A wrong no costs
// a field, a wrong yes the document.
func isAddress(s []byte) bool {
	if bytes.IndexByte(s, ':') >= 0 {
		return isIPv6(s)
	}
	parts := 1
	n, digits := 0, 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			n, digits = n*10+int(c-'0'), digits+1
		case c == '.' && digits > 0:
			parts++
			n, digits = 0, 0
		default:
			return false
		}
		if n > 255 || digits > 3 || digits > 1 && n < 10 {
			return false
		}
	}
	return parts == 4 && digits > 0
}

// isIPv6 takes the forms of RFC 4291, 2.2, without an embedded IPv4 address.
func isIPv6(s []byte) bool {
	groups, digits, gaps := 0, 0, 0
	for i, c := range s {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			if digits++; digits == 1 {
				groups++
			}
		case c == ':':
			if i > 0 && s[i-1] == ':' {
				gaps++
			}
			digits = 0
		default:
			return false
		}
		if digits > 4 {
			return false
		}
	}
	single := func(a, b byte) bool { return a == ':' && b != ':' }
	if len(s) < 2 || single(s[0], s[1]) || single(s[len(s)-1], s[len(s)-2]) || bytes.Contains(s, []byte(":::")) {
		return false
	}
	return gaps == 0 && groups == 8 || gaps == 1 && groups < 8
}

// nanos are the nanoseconds of a number of seconds with up to nine decimals,
// as JSON without an exponent.
func nanos(s []byte) (int64, bool) {
	n, decimals := int64(0), -1
	for _, c := range s {
		switch {
		case c == '.' && decimals < 0:
			decimals = 0
			continue
		case c < '0' || c > '9' || n > math.MaxInt64/100:
			return 0, false
		}
		if decimals >= 0 {
			decimals++
		}
		n = n*10 + int64(c-'0')
	}
	for d := max(decimals, 0); d < 9; d++ {
		if n > math.MaxInt64/100 {
			return 0, false
		}
		n *= 10
	}
	return n, len(s) > 0 && decimals <= 9
}
