package search

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Lengths of ids in hexadecimal digits (W3C Trace Context, 3.2.2.3 and
// 3.2.2.4); systems older than it have trace ids of 64 bits.
const (
	traceDigits      = 32
	shortTraceDigits = 16
)

// ParseID reads what people have when they look for a trace: a trace id of 32
// or 16 digits in any case, a traceparent header, or a request id as the log
// has it. What may be either becomes both.
func ParseID(id string) ([]Term, error) {
	id = strings.TrimSpace(id)
	if id == "" {
		return nil, fmt.Errorf("the id is empty: give a trace id, a traceparent header or a request id")
	}
	if trace, ok := fromTraceparent(id); ok {
		return []Term{TraceTerm(trace)}, nil
	}
	terms := []Term{{Text: []byte(id), Hash: frame.TermHash([]byte(id))}}
	if trace, ok := fromDigits(strings.ReplaceAll(id, "-", "")); ok {
		terms = append(terms, TraceTerm(trace))
	}
	return terms, nil
}

// TraceTerm looks for a trace id.
func TraceTerm(id [16]byte) Term {
	return Term{Text: hex.AppendEncode(nil, id[:]), Trace: true, Hash: frame.TermHash(id[:])}
}

// fromTraceparent reads version "-" trace-id "-" parent-id "-" flags (W3C
// Trace Context, 3.2).
func fromTraceparent(s string) (id [16]byte, ok bool) {
	parts := strings.Split(s, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != traceDigits || len(parts[2]) != shortTraceDigits {
		return id, false
	}
	return fromDigits(parts[1])
}

// fromDigits reads a trace id; one of 64 bits gets zeros in front, as it has
// in documents. All zeros are no id.
func fromDigits(s string) (id [16]byte, ok bool) {
	if len(s) == shortTraceDigits {
		s = strings.Repeat("0", traceDigits-shortTraceDigits) + s
	}
	if len(s) != traceDigits {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil && id != [16]byte{}
}

// maxTraces bounds the traces that one request id stands for: an id that
// clients send with every request is not worth more.
const maxTraces = 16

// TracesOf finds the traces of the lines that have one of the terms, beside
// those that are terms already; at most 16.
func TracesOf(ctx context.Context, r Reader, q Query, terms []Term) ([]Term, error) {
	found := &TraceIDs{Known: terms}
	q.Terms = terms
	q.Keep = func(dst []byte, d *Document) []byte { return append(dst, d.TraceID()...) }
	s := Search{Reader: r, Query: q, Sink: found}
	if err := s.Run(ctx); err != nil {
		return nil, err
	}
	return found.Added, nil
}

// TraceIDs is a Sink that gathers trace ids, which are what must be kept of the
// lines: those that are not Known, at most 16.
type TraceIDs struct{ Known, Added []Term }

// Line takes in what was kept of a line.
func (t *TraceIDs) Line(l *Line) error {
	id, ok := fromDigits(string(l.Kept))
	if !ok {
		return nil
	}
	term := TraceTerm(id)
	same := func(o Term) bool { return o.Trace && o.Hash == term.Hash }
	if slices.ContainsFunc(t.Known, same) || slices.ContainsFunc(t.Added, same) {
		return nil
	}
	if t.Added = append(t.Added, term); len(t.Added) == maxTraces {
		return ErrEnough
	}
	return nil
}

// Flush does nothing.
func (t *TraceIDs) Flush() error { return nil }
