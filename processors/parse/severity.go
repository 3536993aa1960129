package parse

import "github.com/tailrace/tailrace/internal/strictjson"

// Severity numbers of the OpenTelemetry log data model; a family has four.
const (
	sevTrace = 1
	sevDebug = 5
	sevInfo  = 9
	sevWarn  = 13
	sevError = 17
	sevFatal = 21
)

// severities remembers the levels that lines had last: there are few, and the
// same ones over and over.
type severities [8]struct {
	word   uint64
	length int
	number uint8
}

// of is severityOf.
func (c *severities) of(s []byte) uint8 {
	if len(s) > 8 {
		return severityOf(s)
	}
	word := strictjson.Word(s, 0, len(s))
	at := &c[word*0x9E3779B97F4A7C15>>61]
	if at.word != word || at.length != len(s) {
		at.word, at.length, at.number = word, len(s), severityOf(s)
	}
	return at.number
}

// severityOf is the number for a level's name, 0 for one that nobody knows:
// the log data model's appendix B where it has the name, else the producers'
// own order.
func severityOf(s []byte) uint8 {
	s = plain(s)
	var lower [16]byte
	if len(s) == 0 || len(s) > len(lower) {
		return 0
	}
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	if n := severityName(lower[:len(s)]); n != 0 {
		return n
	}
	if s[0]-'0' <= 9 {
		return severityNumber(s)
	}
	return severityOffset(lower[:len(s)])
}

func severityName(s []byte) uint8 {
	switch string(s) {
	case "info", "information", "informational", "i", "inf", "log", "success":
		return sevInfo
	case "error", "err", "eror", "severe", "e":
		return sevError
	case "warn", "warning", "wrn", "w":
		return sevWarn
	case "debug", "dbg", "finer", "d":
		return sevDebug
	case "trace", "trc", "finest", "silly", "t":
		return sevTrace
	case "verbose", "fine":
		return 6
	case "config", "http":
		return 7
	case "notice":
		return 10
	case "crit", "dpanic":
		return 18
	case "panic", "pnc", "alert":
		return 19
	case "fatal", "ftl", "critical", "emerg", "emergency", "f":
		return sevFatal
	}
	return 0
}

// severityNumber is for numeric levels: 0 to 7 are syslog's (RFC 5424, 6.2.1),
// from 10 on those of pino, bunyan and Python's logging.
func severityNumber(s []byte) uint8 {
	n := 0
	for _, c := range s {
		if c-'0' > 9 || n > 1000 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	switch {
	case n < len(syslogSeverity):
		return syslogSeverity[n]
	case n < 10 || n >= 70:
		return 0
	}
	return uint8(1 + (n/10-1)*4)
}

// isPythonLevel says whether a key has one of Python's numeric levels.
func isPythonLevel(key []byte) bool {
	return string(key) == "levelno" || string(key) == "level_number"
}

// pythonSeverity is for the levels of Python's logging, of which 10 is DEBUG and 50
// CRITICAL; those between belong to the one below.
func pythonSeverity(s []byte) uint8 {
	n, ok := wholeNumber(s)
	if !ok || n < 1 {
		return 0
	}
	return [...]uint8{sevTrace, sevDebug, sevInfo, sevWarn, sevError, sevFatal}[min(n/10, 5)]
}

var syslogSeverity = [8]uint8{21, 19, 18, 17, 13, 10, 9, 5}

// severityOffset reads slog's levels between the named ones: INFO+2, ERROR-1.
func severityOffset(s []byte) uint8 {
	for i, c := range s {
		if c != '+' && c != '-' {
			continue
		}
		base, n := severityName(s[:i]), 0
		for _, d := range s[i+1:] {
			if d-'0' > 9 || n > 100 {
				return 0
			}
			n = n*10 + int(d-'0')
		}
		if base == 0 {
			return 0
		}
		if c == '-' {
			n = -n
		}
		return uint8(min(max(int(base)+n, 1), 24))
	}
	return 0
}

// plain is s without the white space, brackets and ANSI colours around it.
func plain(s []byte) []byte {
	for len(s) > 0 && (s[0] <= ' ' || s[0] == '[') {
		if s[0] != 0x1b || len(s) < 2 || s[1] != '[' {
			s = s[1:]
			continue
		}
		s = s[colour(s):]
	}
	for i, c := range s {
		if c <= ' ' || c == ']' || c == ':' {
			return s[:i]
		}
	}
	return s
}

// colour is the length of the ANSI sequence ESC [ … letter that s begins with.
func colour(s []byte) int {
	for i := 2; i < len(s); i++ {
		if c := s[i]; c|0x20 >= 'a' && c|0x20 <= 'z' {
			return i + 1
		}
	}
	return len(s)
}
