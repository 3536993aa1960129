package main

import (
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// frameMeta is a frame's metadata as journal cat --meta prints it.
type frameMeta struct {
	Seq         uint64            `json:"seq"`
	DurableSeq  uint64            `json:"durable_seq"`
	JournalTime time.Time         `json:"journal_time"`
	Class       string            `json:"class"`
	MaybeSeen   bool              `json:"maybe_seen"`
	Plain       uint32            `json:"plain_bytes"`
	Packed      uint32            `json:"packed_bytes"`
	FilterBytes int               `json:"filter_bytes"`
	Docs        uint32            `json:"docs"`
	First       time.Time         `json:"first"`
	Last        time.Time         `json:"last"`
	Counts      frameCounts       `json:"counts"`
	Rules       map[string]uint64 `json:"rules,omitempty"`
	Sources     []frameSource     `json:"sources"`
}

type frameCounts struct {
	Lines   uint64 `json:"lines"`
	InDocs  uint64 `json:"lines_in_docs"`
	Dropped uint64 `json:"lines_dropped"`
	Lost    uint64 `json:"bytes_lost"`
	Bytes   uint64 `json:"bytes"`
}

type frameSource struct {
	ID         string      `json:"id"`
	Identity   string      `json:"identity"`
	Generation uint32      `json:"generation"`
	Path       string      `json:"path"`
	Offset     int64       `json:"offset"`
	Mode       frame.Mode  `json:"mode"`
	Final      bool        `json:"final"`
	Counts     frameCounts `json:"counts"`
}

func describeFrame(m *frame.Meta) frameMeta {
	f := frameMeta{
		Seq: m.Seq, DurableSeq: m.DurableSeq, JournalTime: time.Unix(0, m.JournalTime).UTC(),
		Class: m.Class, MaybeSeen: m.MaybeSeen, Plain: m.PlainSize, Packed: m.PackedSize,
		FilterBytes: len(m.Filter), Docs: m.Docs,
		First: time.Unix(0, m.MinTime).UTC(), Last: time.Unix(0, m.MaxTime).UTC(),
		Counts: describeCounts(m.Counts),
	}
	for _, r := range m.Rules {
		if f.Rules == nil {
			f.Rules = map[string]uint64{}
		}
		f.Rules[r.Name] += r.Lines
	}
	for i := range m.Sources {
		f.Sources = append(f.Sources, describeSource(&m.Sources[i]))
	}
	return f
}

func describeSource(s *frame.Source) frameSource {
	return frameSource{
		ID: s.ID.String(), Identity: s.Identity.Path, Generation: s.Identity.Generation,
		Path: s.Path, Offset: s.Offset, Mode: s.Line, Final: s.Final, Counts: describeCounts(s.Counts),
	}
}

func describeCounts(c event.Counts) frameCounts {
	return frameCounts{Lines: c.Lines, InDocs: c.DocLines, Dropped: c.DroppedLines, Lost: c.LostBytes, Bytes: c.Bytes}
}
