// Package frame is the unit in which Tailrace stores and delivers documents:
// newline-delimited JSON in one gzip member (RFC 1952), whose extra field
// describes it. The same compressed bytes are written to the journal, posted
// to Elasticsearch and searched on the node; the extra field never leaves the
// disk. docs/journal-format.md has the bytes.
package frame

import "github.com/tailrace/tailrace/pipeline/event"

// Version is the version of the metadata's layout. A reader refuses others.
const Version = 1

// MetaLimit is the size of the metadata at which a frame is sealed: an extra
// field holds at most 65,535 bytes (RFC 1952, 2.3.1.1).
const MetaLimit = 60_000

// Meta describes a frame. Lanes fill it but for Seq, DurableSeq and
// JournalTime, which the journal gives.
type Meta struct {
	// Seq numbers the frames of a journal from 1 without gaps in one life;
	// a number is never given twice.
	Seq uint64
	// DurableSeq is the highest number known to be on stable storage when
	// this frame was written.
	DurableSeq uint64
	// JournalTime is when the frame was written first, ns since the Unix epoch:
	// one that comes from another node's journal keeps the time of that.
	JournalTime int64

	// Class tells exporters apart; "default" unless routes say otherwise.
	Class string
	// MaybeSeen says that sources in it lost their position: their records
	// may have been delivered before.
	MaybeSeen bool

	// PlainSize and PackedSize are the payload's bytes before and after
	// compression; PackedSize counts the deflate stream and the 8 bytes of
	// the gzip trailer, Checksum is the CRC-32C of just these.
	PlainSize, PackedSize uint32
	Checksum              uint32

	// Docs counts the documents; MinTime and MaxTime are the earliest and
	// latest @timestamp among them, ns (0 when there are none).
	Docs             uint32
	MinTime, MaxTime int64
	// Counts are the sums over Sources.
	Counts event.Counts
	// Joined lists the documents that were made of more than one line.
	Joined []Joined
	// Rules counts the lines that each of the user's rules dropped.
	Rules []RuleCount
	// Sources say how far each source is contained in the journal after this
	// frame.
	Sources []Source
	// Filter knows the trace ids and request ids of the documents.
	Filter Filter
}

// Joined says of how many lines document Doc (counted from 0) was made.
type Joined struct{ Doc, Lines uint32 }

// RuleCount is the number of lines dropped by the rule of a name.
type RuleCount struct {
	Name  string
	Lines uint64
}

// Source is how far a file is contained in the journal, and what is needed to
// recognise the file and go on after a restart.
type Source struct {
	ID       event.SourceID
	Identity event.Identity
	// Path, Dev and Ino are where it was seen last: hints.
	Path     string
	Dev, Ino uint64
	// Namespace is the Kubernetes namespace, empty for other files.
	Namespace string

	// Offset is the byte of the (uncompressed) file up to which everything is
	// contained or deliberately dropped, but for the open records of Streams.
	Offset int64
	// Tail is the hash of the last min(1024, Offset) bytes before Offset: it
	// tells the file's continuation from another file.
	Tail uint64
	// Size is the file's size when it was measured last, never below Offset:
	// what was lost when the file is gone before it could be read.
	Size int64
	// Line is how the bytes from Offset on begin, Streams how the records of
	// each stream do.
	Line    Mode
	Streams [event.NumStreams]StreamState
	// Final says that the file is read to its end and gone.
	Final bool

	// Counts are what this frame adds to the source's ledger.
	Counts event.Counts
}

// Mode is how framing goes on at a position.
type Mode uint8

const (
	// ModeNormal begins a new line or record.
	ModeNormal Mode = iota
	// ModeOpen has an unfinished record whose pieces, from StreamState.Open
	// up to Offset, are not contained and must be read again.
	ModeOpen
	// ModeSkip drops bytes up to the end of an over-long line or record, the
	// head of which is contained.
	ModeSkip
	// ModeRest makes what follows, up to the end of the line or record, a
	// record of its own: its beginning was recorded after a silence.
	ModeRest
)

// StreamState is how the records of one stream go on. Open is the offset of
// the unfinished record's first byte in this file when Mode is ModeOpen.
type StreamState struct {
	Mode Mode
	Open int64
}
