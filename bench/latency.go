package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// latencies are how long the lines from a time on took to be in the journal,
// in order.
func latencies(journal string, from time.Time) (all []time.Duration, err error) {
	err = eachLatency(journal, func(_ []byte, at time.Time, took time.Duration) {
		if !at.Before(from) {
			all = append(all, took)
		}
	})
	slices.Sort(all)
	return all, err
}

// latencyFunc is told of a document, when its line was written, and how long
// it took to be in the journal: the frame's journal time less the document's
// @timestamp.
type latencyFunc func(doc []byte, at time.Time, took time.Duration)

func eachLatency(journal string, fn latencyFunc) error {
	segments, err := filepath.Glob(filepath.Join(journal, "*.ndjson.gz"))
	if err != nil {
		return err
	}
	if len(segments) == 0 {
		return fmt.Errorf("no segments in %s", journal)
	}
	for _, name := range segments {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := latenciesIn(b, fn); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// latenciesIn walks the frames of a segment. What follows the last one is
// space that was allocated ahead.
func latenciesIn(segment []byte, fn latencyFunc) error {
	var m frame.Meta
	var plain []byte
	for {
		n, err := frame.ParseHeader(segment, &m)
		if errors.Is(err, frame.ErrShort) || errors.Is(err, frame.ErrNotFrame) {
			return nil
		}
		if err != nil {
			return err
		}
		if plain, err = frame.Inflate(plain[:0], segment[n:n+int(m.PackedSize)], &m); err != nil {
			return err
		}
		segment = segment[n+int(m.PackedSize):]
		for _, d := range frame.Documents(plain) {
			at, err := timestamp(d.Source)
			if err != nil {
				return err
			}
			fn(d.Source, at, time.Unix(0, m.JournalTime).Sub(at))
		}
	}
}

// timestamp is the document's first member.
func timestamp(source []byte) (time.Time, error) {
	text, _, found := bytes.Cut(bytes.TrimPrefix(source, []byte(`{"@timestamp":"`)), []byte(`"`))
	if !found {
		return time.Time{}, fmt.Errorf("a document without @timestamp in front: %s", source)
	}
	return time.Parse(time.RFC3339Nano, string(text))
}
