package search

import (
	"fmt"
	"strconv"
	"strings"
)

// StatusRange are the HTTP status codes that are wanted, both ends included.
type StatusRange struct{ Min, Max int }

// maxStatus is beyond every status code: they have three digits (RFC 9110, 15).
const maxStatus = 999

// ParseStatus reads 503, 5xx, 500-504, >=500, >499, <=399 or <400.
func ParseStatus(s string) (StatusRange, error) {
	text := strings.TrimSpace(strings.ToLower(s))
	if class, ok := strings.CutSuffix(text, "xx"); ok {
		text = class + "00-" + class + "99"
	}
	r, ok := parseBound(text)
	if !ok {
		low, high, ranged := strings.Cut(text, "-")
		if !ranged {
			high = low
		}
		r = StatusRange{statusCode(low), statusCode(high)}
	}
	if r.Min < 0 || r.Max < 0 || r.Min > r.Max {
		return r, fmt.Errorf("status %q: want a code (503), a class (5xx), a range (500-504) or a bound (>=500)", s)
	}
	return r, nil
}

// parseBound reads what begins with a comparison.
func parseBound(text string) (StatusRange, bool) {
	sign := text[:len(text)-len(strings.TrimLeft(text, "<>="))]
	code := statusCode(text[len(sign):])
	if code < 0 {
		return StatusRange{-1, -1}, sign != ""
	}
	switch sign {
	case ">=":
		return StatusRange{code, maxStatus}, true
	case ">":
		return StatusRange{code + 1, maxStatus}, true
	case "<=":
		return StatusRange{0, code}, true
	case "<":
		return StatusRange{0, code - 1}, true
	}
	return StatusRange{-1, -1}, sign != ""
}

// statusCode is the number in s, -1 when it is no status code.
func statusCode(s string) int {
	code, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || code < 100 || code > maxStatus {
		return -1
	}
	return code
}

// statusKey is the attribute of the status code (OpenTelemetry semantic
// conventions, "HTTP").
const statusKey = "http.response.status_code"

// has says whether the document is a request that ended with such a code.
func (r StatusRange) has(d *Document) bool {
	code, err := strconv.Atoi(string(d.Attribute(statusKey)))
	return err == nil && r.Min <= code && code <= r.Max
}

// levels are the first numbers of OpenTelemetry's severity ranges
// (logs data model, "Severity fields").
var levels = map[string]int{"trace": 1, "debug": 5, "info": 9, "warn": 13, "warning": 13, "error": 17, "fatal": 21}

// maxSeverity is the greatest severity number.
const maxSeverity = 24

// ParseLevel reads the name of a least severity.
func ParseLevel(s string) (int, error) {
	if n, ok := levels[strings.ToLower(s)]; ok {
		return n, nil
	}
	return 0, fmt.Errorf("level %q: want trace, debug, info, warn, error or fatal", s)
}
