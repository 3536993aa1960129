package parse

import (
	"sync/atomic"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// reason says why a line is not of a format: a JSON problem or one of these.
type reason uint8

const (
	reasonNone reason = 0

	// reasonMisfit only says that the line looks like something else.
	reasonMisfit reason = reason(strictjson.NumProblems) + iota
	// reasonLayout is for lines of a source that was given a layout.
	reasonLayout
	// reasonCustom, reasonCustomTime and reasonCustomValue are for lines of a
	// source whose format the configuration defines.
	reasonCustom
	reasonCustomTime
	reasonCustomValue
	reasonMalformed
	reasonQuarantined
	reasonPanic
	numReasons
)

var reasons = [numReasons]string{
	reasonMisfit:      "does not fit the format",
	reasonLayout:      "does not fit the log_format",
	reasonCustom:      "does not fit the custom format",
	reasonCustomTime:  "the time does not fit the custom format's layout",
	reasonCustomValue: "a value is not of the custom format's type",
	reasonMalformed:   "the container runtime's line is malformed",
	reasonQuarantined: "the container's parsing is quarantined",
	reasonPanic:       "the parser panicked",
}

// String is the reason in words, a constant.
func (r reason) String() string {
	if r < reason(strictjson.NumProblems) {
		return strictjson.Problem(r).String()
	}
	return reasons[r]
}

// weak reasons only say that the line looks like something else.
func (r reason) weak() bool {
	switch r {
	case reason(strictjson.NotObject), reasonMisfit:
		return true
	}
	return r == reasonNone
}

// maxFormats is the size of the counters' table; a test compares.
const maxFormats = 64

// counters are written by the lane and read from anywhere.
type counters struct {
	lines    [maxFormats]atomic.Uint64
	failures [maxFormats][numReasons]atomic.Uint64
}

// Count is a number of lines since the start. Reason is empty for those that
// were explained; for the others Format is what they were expected to be.
type Count struct {
	Format, Reason string
	Lines          uint64
}

// Counters are the lines parsed by format, and those that stayed raw by the
// expected format and the reason; the latter are among the former as text. It
// may be called from any goroutine.
func (p *Parser) Counters() []Count {
	var all []Count
	for f := range formats {
		name := formats[f].name
		if n := p.counters.lines[f].Load(); n > 0 {
			all = append(all, Count{Format: name, Lines: n})
		}
		for why := range p.counters.failures[f] {
			if n := p.counters.failures[f][why].Load(); n > 0 {
				all = append(all, Count{Format: name, Reason: reason(why).String(), Lines: n})
			}
		}
	}
	return all
}
