package journal

import (
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Entry is a frame as an index knows it: without its sources.
type Entry struct {
	Seq uint64
	// Offset is where the frame's header begins in the segment; HeaderSize
	// and PackedSize are the lengths of the header and the payload behind it.
	Offset     int64
	HeaderSize int
	PackedSize uint32
	PlainSize  uint32
	Docs       uint32
	// MinTime and MaxTime span the documents' @timestamp, ns; 0 without any.
	MinTime, MaxTime int64
	// JournalTime is when the frame was written, ns.
	JournalTime int64
	Class       string
	MaybeSeen   bool
	// Counts are the frame's part of the ledger.
	Counts event.Counts
	// Filter knows the ids in the documents.
	Filter frame.Filter
}

// End is the offset behind the frame.
func (e *Entry) End() int64 { return e.Offset + int64(e.HeaderSize) + int64(e.PackedSize) }

// set describes the frame of m, whose header of n bytes is at off. The filter
// is m's own.
func (e *Entry) set(m *frame.Meta, off int64, n int) {
	*e = Entry{
		Seq: m.Seq, Offset: off, HeaderSize: n,
		PackedSize: m.PackedSize, PlainSize: m.PlainSize, Docs: m.Docs,
		MinTime: m.MinTime, MaxTime: m.MaxTime, JournalTime: m.JournalTime,
		Class: m.Class, MaybeSeen: m.MaybeSeen, Counts: m.Counts, Filter: m.Filter,
	}
}

func (e *Entry) tally() Tally { return Tally{1, int64(e.PackedSize), e.Counts} }
