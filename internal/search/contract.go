package search

import (
	"context"

	"github.com/tailrace/tailrace/pipeline/frame"
)

type Segment struct {
	Name             string
	First            uint64
	Size             int64
	Sealed           bool
	MinTime, MaxTime int64
}

type Entry struct {
	Seq              uint64
	Offset           int64
	HeaderSize       int
	PackedSize       uint32
	PlainSize        uint32
	Docs             uint32
	MinTime, MaxTime int64
	JournalTime      int64
	Class            string
	Filter           frame.Filter
}

type Reader interface {
	Segments() ([]Segment, error)
	Entries(ctx context.Context, seg Segment, from int64, fn func(*Entry) error) (int64, error)
	MayContain(seg Segment, hash uint64) (bool, error)
	Meta(seg Segment, e *Entry) (*frame.Meta, error)
	Payload(seg Segment, e *Entry, buf []byte) ([]byte, error)
}
