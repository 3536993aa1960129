package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Frame is a frame that a cursor gave.
type Frame struct {
	Meta frame.Meta

	payload Payload
	// previous is the number that the cursor gave before.
	previous uint64
	// hole are the unreadable frames between the two.
	hole Tally
}

// Payload is where a frame's compressed bytes are. Read copies them into buf,
// which grows as needed.
type Payload interface {
	Read(m *frame.Meta, buf []byte) ([]byte, error)
}

// NewFrame is the frame of m, whose bytes are in p. No frame is missing before
// it.
func NewFrame(m frame.Meta, p Payload) *Frame {
	return &Frame{Meta: m, payload: p, previous: m.Seq - 1}
}

// Payload copies the frame's compressed bytes into buf, which grows as needed.
// frame.ErrChecksum says that the disk did not keep them: the frame is then
// passed with its lines as Result.Lost. fs.ErrNotExist says that the cursor
// was moved past the frame by a full journal.
func (f *Frame) Payload(buf []byte) ([]byte, error) { return f.payload.Read(&f.Meta, buf) }

// inSegment is a payload on disk.
type inSegment struct {
	journal *Journal
	path    string
	offset  int64
}

// Read reads the payload and checks it.
func (p inSegment) Read(m *frame.Meta, buf []byte) ([]byte, error) {
	file, err := p.journal.opts.FS.OpenFile(p.path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := payloadAt(file, p.offset, m, buf)
	if damage(err) {
		p.journal.report(m)
	}
	return b, err
}

// reading is where a cursor reads.
type reading struct {
	scan    scanner
	file    vfs.File
	segment *segment
	// read is the number of the frame that Next gave last, hole what could not
	// be read since then.
	read uint64
	hole Tally
	// gone is a number up to which segments were removed by somebody.
	gone uint64
}

// Next is the next durable frame; it waits for one.
func (c *Cursor) Next(ctx context.Context) (*Frame, error) {
	for {
		f, wait, err := c.next()
		if f != nil || err != nil {
			return f, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// next is the next frame, or what to wait for.
func (c *Cursor) next() (*Frame, <-chan struct{}, error) {
	for {
		more, wait, err := c.place()
		if err != nil || !more {
			return nil, wait, err
		}
		if c.scan.next() {
			if f := c.take(); f != nil {
				return f, nil, nil
			}
			continue
		}
		if c.scan.err != nil {
			return nil, nil, c.scan.err
		}
		c.missed(c.scan.limit)
		c.scan.end = c.scan.limit
	}
}

// take makes a Frame of what the scan found; nil when the cursor is past it.
func (c *Cursor) take() *Frame {
	c.missed(c.scan.off)
	if c.scan.meta.Seq <= c.read {
		return nil
	}
	at := inSegment{c.journal, c.segment.path, c.scan.off + int64(c.scan.size)}
	f := &Frame{Meta: c.scan.meta, payload: at, previous: c.read, hole: c.hole}
	// The frame owns the metadata's slices from now on.
	c.scan.meta = frame.Meta{}
	c.read, c.hole = f.Meta.Seq, Tally{}
	return f
}

// missed counts what the scan could not read ahead of offset to, as far as the
// segment's index knows it.
func (c *Cursor) missed(to int64) {
	if c.scan.skipped == 0 {
		return
	}
	from := to - c.scan.skipped
	// An index that is unreadable too leaves the loss without a figure.
	_ = c.segment.indexed(c.journal.opts.FS, from, func(e *Entry) error {
		if e.Offset < to && e.Seq > c.read {
			c.hole.Add(e.tally())
		}
		return nil
	})
	c.journal.opts.Logger.Error("frames in a segment are damaged on disk and cannot be delivered",
		"exporter", c.name, "segment", c.segment.path, "bytes", c.scan.skipped, "frames", c.hole.Frames)
	c.scan.skipped = 0
}

// place has a segment open with something left to read in it; false with what
// to wait for when there is none.
func (c *Cursor) place() (more bool, wait <-chan struct{}, err error) {
	seg, sealed, wait, err := c.choose()
	if seg == nil {
		return false, wait, err
	}
	if seg == c.segment {
		return true, nil, nil
	}
	file, err := c.journal.opts.FS.OpenFile(seg.path, os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist) && sealed:
		c.vanished(seg)
		return c.place()
	case err != nil:
		return false, nil, err
	}
	c.leave()
	c.file, c.segment = file, seg
	c.scan = scanner{walker: walker{file: file, window: c.scan.window[:0]}}
	if c.limits() {
		c.scan.end = seg.behind(c.journal.opts.FS, c.read)
	}
	return true, nil, nil
}

// vanished passes a segment that somebody has removed: what the cursor had not
// read of it is lost.
func (c *Cursor) vanished(seg *segment) {
	lost := Tally{Frames: int(seg.Frames), Bytes: seg.Packed, Counts: seg.Counts}
	if c.read >= seg.First {
		lost = Tally{}
		// Without its index the loss has no figure.
		_ = seg.indexed(c.journal.opts.FS, 0, func(e *Entry) error {
			if e.Seq > c.read {
				lost.Add(e.tally())
			}
			return nil
		})
	}
	c.hole.Add(lost)
	c.gone = seg.Last
	c.journal.opts.Logger.Error("a segment of the journal was removed before everything in it was delivered; what was not is lost",
		"exporter", c.name, "segment", seg.path, "frames", lost.Frames, "lines", lost.Lines)
}

// limits tells the scan how far the segment is durable, and says whether the
// segment has an index.
func (c *Cursor) limits() (indexed bool) {
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	c.scan.limit, c.scan.last = c.segment.Size, c.segment.Last
	return c.segment.indexSize > 0
}

// choose is the segment to read in, and whether nothing more is written to it.
func (c *Cursor) choose() (seg *segment, sealed bool, wait <-chan struct{}, err error) {
	j := c.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if c.segment != nil && !c.segment.deleted && c.segment.Size > c.scan.end {
		c.scan.limit, c.scan.last = c.segment.Size, c.segment.Last
		return c.segment, c.segment.sealed, nil, nil
	}
	for _, s := range j.segments {
		if !s.empty() && s.Last > max(c.read, c.gone) && s != c.segment {
			return s, s.sealed, nil, nil
		}
	}
	if j.closed {
		return nil, false, nil, ErrClosed
	}
	return nil, false, j.changed, nil
}

// leave closes the segment.
func (c *Cursor) leave() {
	if c.file != nil {
		c.file.Close()
	}
	c.file, c.segment = nil, nil
}

// Close stops the cursor. It keeps its segments until the journal is closed.
func (c *Cursor) Close() { c.leave() }
