package search

import (
	"context"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Reader is a journal being read, such as a *journal.Reader, whose methods
// are described there.
type Reader interface {
	Index
	Frames
}

// Index says what a journal holds without reading documents.
type Index interface {
	Segments() ([]journal.Segment, error)
	Entries(ctx context.Context, s journal.Segment, from int64, fn func(*journal.Entry) error) (int64, error)
	MayContain(s journal.Segment, hash uint64) (bool, error)
}

// Frames gives single frames.
type Frames interface {
	Meta(s journal.Segment, e *journal.Entry) (*frame.Meta, error)
	Payload(s journal.Segment, e *journal.Entry, buf []byte) ([]byte, error)
}
