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
// in order: the frame's journal time less the document's @timestamp, which
// is when the line was written.
func latencies(journal string, from time.Time) ([]time.Duration, error) {
	segments, err := filepath.Glob(filepath.Join(journal, "*.ndjson.gz"))
	if err != nil {
		return nil, err
	}
	if len(segments) == 0 {
		return nil, fmt.Errorf("no segments in %s", journal)
	}
	var all []time.Duration
	for _, name := range segments {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if all, err = appendLatencies(all, b, from); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.Sort(all)
	return all, nil
}

// appendLatencies walks the frames of a segment. What follows the last one
// is space that was allocated ahead.
func appendLatencies(all []time.Duration, segment []byte, from time.Time) ([]time.Duration, error) {
	var m frame.Meta
	var plain []byte
	for {
		n, err := frame.ParseHeader(segment, &m)
		if errors.Is(err, frame.ErrShort) || errors.Is(err, frame.ErrNotFrame) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if plain, err = frame.Inflate(plain[:0], segment[n:n+int(m.PackedSize)], &m); err != nil {
			return nil, err
		}
		segment = segment[n+int(m.PackedSize):]
		for _, d := range frame.Documents(plain) {
			at, err := timestamp(d.Source)
			if err != nil {
				return nil, err
			}
			if !at.Before(from) {
				all = append(all, time.Unix(0, m.JournalTime).Sub(at))
			}
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
