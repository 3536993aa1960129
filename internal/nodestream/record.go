// Package nodestream is what a search on a node and the one who asks it from
// afar say to each other, over the standard streams of a program that the
// Kubernetes API runs in a container.
//
// The node answers with records, one a line. The asker grants it bytes of
// lines, a decimal number a line; the node sends no more than was granted, so
// that the asker can always read at once: a client of the API server that does
// not loses its connection, since answers to its pings wait behind the data. A
// node whose standard input ends, or says nothing for a minute, stops: a program
// in a container is not told in another way that nobody reads it any more.
package nodestream

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// Kind is a record's first byte.
type Kind byte

// The kinds of records, and what follows behind a blank.
const (
	// Match is a line that was found: its time, ns since the Unix epoch, and
	// its document.
	Match Kind = 'm'
	// Context is a line around a match: the same.
	Context Kind = 'c'
	// Gap comes before a line that does not follow the last one.
	Gap Kind = 'g'
	// Bound is the time before which no further line comes, ns.
	Bound Kind = 't'
	// Waiting says that other searches of the node are waited for.
	Waiting Kind = 'w'
	// Working says that the search goes on.
	Working Kind = 'b'
	// Damaged is a message about a part of the journal that cannot be read.
	Damaged Kind = 'd'
	// Following says that all that was there has been given.
	Following Kind = 'f'
	// Alive says nothing else.
	Alive Kind = 'h'
	// End is the last record: a Summary as JSON. An answer without one was cut.
	End Kind = 'e'
)

// Version is in the Summary of all nodes that speak like this.
const Version = 1

// Summary is what a search has to say at its end.
type Summary struct {
	Version int `json:"version"`
	// Late counts lines that came behind a later one.
	Late int `json:"late,omitempty"`
	// Gone counts segments that retention deleted meanwhile.
	Gone int `json:"gone,omitempty"`
	// Oldest is the time of the first line before the time that was asked for,
	// ns; 0 for none.
	Oldest int64 `json:"oldest,omitempty"`
}

const (
	// HeartbeatEvery is how often a node says something at least.
	HeartbeatEvery = 5 * time.Second
	// KeepaliveEvery is how often the asker does.
	KeepaliveEvery = 10 * time.Second
	// KeepaliveLimit is how long a node waits for it.
	KeepaliveLimit = time.Minute
)

// LineCost is what a line takes of what was granted, beside its bytes: what an
// asker needs to keep it.
const LineCost = 64

// MaxRecord bounds what is read of a record: a line of 1 MiB, as a document
// that keeps it twice with its bytes escaped.
const MaxRecord = 16 << 20

// Record is one of a node's answers. Its Text is valid until the handler of it
// returns.
type Record struct {
	Kind Kind
	// Time is that of a line or a bound.
	Time int64
	Text []byte
	// Size is how many bytes of what was granted it took, if it is a line.
	Size int
}

// Parser is a writer that makes records of what is written to it.
type Parser struct {
	// Handle is called for each.
	Handle func(*Record) error

	rest []byte
}

// Write implements io.Writer.
func (p *Parser) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, behind, whole := bytes.Cut(b, []byte{'\n'})
		if !whole {
			break
		}
		if len(p.rest) > 0 {
			line = append(p.rest, line...)
			p.rest = line[:0]
		}
		b = behind
		if err := p.record(line); err != nil {
			return 0, err
		}
	}
	if p.rest = append(p.rest, b...); len(p.rest) > MaxRecord {
		return 0, fmt.Errorf("a record is longer than %d bytes", MaxRecord)
	}
	return n, nil
}

func (p *Parser) record(line []byte) error {
	r := Record{Size: len(line) + 1 + LineCost}
	if len(line) > 0 {
		r.Kind = Kind(line[0])
	}
	text := bytes.TrimPrefix(line[min(1, len(line)):], []byte{' '})
	switch r.Kind {
	case Match, Context, Bound:
		number, rest, _ := bytes.Cut(text, []byte{' '})
		at, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return fmt.Errorf("a record of kind %q has no time", r.Kind)
		}
		r.Time, r.Text = at, rest
	case Gap, Waiting, Working, Damaged, Following, Alive, End:
		r.Text = text
	default:
		return fmt.Errorf("the answer is not that of a search: it says %q", line[:min(80, len(line))])
	}
	return p.Handle(&r)
}
