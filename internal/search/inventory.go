package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// Inventory is what a segment holds.
type Inventory struct {
	journal.Segment
	// Last is the number of the last frame; Frames, Docs and Lines count what
	// is in it.
	Last                uint64
	Frames, Docs, Lines uint64
}

// TakeInventory counts what a segment holds, by its index or its headers.
func TakeInventory(ctx context.Context, r Reader, s journal.Segment) (Inventory, error) {
	i := Inventory{Segment: s}
	_, err := r.Entries(ctx, s, 0, func(e *journal.Entry) error {
		i.Frames++
		i.Last = e.Seq
		i.Docs += uint64(e.Docs)
		i.Lines += e.Counts.Lines
		i.spans(e)
		return nil
	})
	return i, err
}

// spans finds the time of what no index has described yet.
func (i *Inventory) spans(e *journal.Entry) {
	if e.Docs == 0 || i.Sealed {
		return
	}
	if i.MinTime == 0 || e.MinTime < i.MinTime {
		i.MinTime = e.MinTime
	}
	i.MaxTime = max(i.MaxTime, e.MaxTime)
}

// Verification is what reading every byte of a journal has shown.
type Verification struct {
	Segments, Frames, Docs uint64
	// Bad counts frames that are not what was written.
	Bad uint64
}

// Verify reads every frame of a segment: its header, the checksums of the
// compressed and the plain bytes, and the number of documents. problem is
// told of each frame that is bad.
func (v *Verification) Verify(ctx context.Context, r Reader, s journal.Segment, problem func(error)) error {
	v.Segments++
	var end int64
	check := checker{reader: r, segment: s}
	_, err := r.Entries(ctx, s, 0, func(e *journal.Entry) error {
		if e.Offset != end && s.Damaged == 0 {
			problem(fmt.Errorf("the %d bytes before frame %d are no frame", e.Offset-end, e.Seq))
			v.Bad++
		}
		end = e.End()
		v.Frames++
		v.Docs += uint64(e.Docs)
		err := check.frame(e)
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil {
			v.Bad++
			problem(fmt.Errorf("frame %d at byte %d: %w", e.Seq, e.Offset, err))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted by retention meanwhile
	}
	v.damaged(s, problem)
	return err
}

// damaged counts what the agent itself found unreadable, which has no entry.
func (v *Verification) damaged(s journal.Segment, problem func(error)) {
	if s.Damaged > 0 {
		v.Bad += uint64(s.Damaged)
		problem(fmt.Errorf("the agent found %d frames unreadable when it started", s.Damaged))
	}
}

// checker reads frames with memory that is used again.
type checker struct {
	reader  Reader
	segment journal.Segment
	scanner scanner
	payload []byte
}

func (c *checker) frame(e *journal.Entry) (err error) {
	if c.payload, err = c.reader.Payload(c.segment, e, c.payload[:0]); err != nil {
		return err
	}
	if c.scanner.seek == nil {
		c.scanner.seek = newSeeker(nil)
	}
	docs := uint32(0)
	err = c.scanner.scan(c.payload, func(int64, []byte) error { docs++; return nil })
	if err == nil && docs != e.Docs {
		return fmt.Errorf("it holds %d documents, its header says %d", docs, e.Docs)
	}
	return err
}

// Cat calls fn for every document of the frames numbered from first to last.
// The document is valid during the call.
func Cat(ctx context.Context, r Reader, s journal.Segment, first, last uint64, fn func(seq uint64, doc []byte) error) error {
	c := checker{reader: r, segment: s, scanner: scanner{seek: newSeeker(nil)}}
	_, err := r.Entries(ctx, s, 0, func(e *journal.Entry) error {
		if e.Seq < first || e.Seq > last {
			return nil
		}
		var err error
		if c.payload, err = r.Payload(s, e, c.payload[:0]); err != nil {
			return fmt.Errorf("frame %d in %s: %w", e.Seq, s.Name, err)
		}
		return c.scanner.scan(c.payload, func(_ int64, doc []byte) error { return fn(e.Seq, doc) })
	})
	return err
}
