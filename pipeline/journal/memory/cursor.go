package memory

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Cursor is an exporter's position. Next and Advance are for one goroutine;
// Next may be ahead of Advance.
type Cursor struct {
	journal *Journal
	onFull  journal.OnFull

	// Guarded by the journal's lock: the figures, and the number that Next
	// gave last.
	stats journal.CursorStats
	read  uint64
}

// begin gives a new cursor its position.
func (c *Cursor) begin(atBeginning bool) {
	j := c.journal
	c.stats.Start = j.next() - 1
	if atBeginning {
		c.stats.Start = j.first - 1
		for i := range j.frames {
			c.stats.Pending.Add(journal.TallyOf(&j.frames[i].meta))
		}
	}
	c.stats.Position, c.read = c.stats.Start, c.stats.Start
}

// Next is the next frame; it waits for one.
func (c *Cursor) Next(ctx context.Context) (f *journal.Frame, err error) {
	err = c.journal.await(ctx, func() (bool, error) {
		f, err = c.next()
		return f != nil, err
	})
	return f, err
}

// next is the next frame, nil when there is none yet.
func (c *Cursor) next() (*journal.Frame, error) {
	j := c.journal
	c.read = max(c.read, c.stats.Position)
	if c.read+1 < j.next() {
		c.read++
		k := &j.frames[c.read-j.first]
		return journal.NewFrame(k.meta, payload{j, k.payload}), nil
	}
	if j.closed {
		return nil, journal.ErrClosed
	}
	return nil, nil
}

// payload is a frame's bytes in memory.
type payload struct {
	journal *Journal
	bytes   []byte
}

// Read copies the bytes, unless every cursor is past the frame, or it was
// withdrawn before the cursor gave it.
func (p payload) Read(m *frame.Meta, buf []byte) ([]byte, error) {
	p.journal.mu.Lock()
	gone := m.Seq < p.journal.first
	p.journal.mu.Unlock()
	if gone || p.bytes == nil {
		return nil, fs.ErrNotExist
	}
	return append(buf[:0], p.bytes...), nil
}

// Advance moves the cursor behind f, every document of which has its Result.
// Frames are passed in the order in which Next gave them; one that was skipped
// meanwhile is ignored.
func (c *Cursor) Advance(f *journal.Frame, r journal.Result) error {
	j := c.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	switch next := c.stats.Position + 1; {
	case f.Meta.Seq < next:
		return nil
	case f.Meta.Seq > next:
		return fmt.Errorf("cursor %q: frame %d is passed before frame %d", c.stats.Name, f.Meta.Seq, next)
	}
	c.pass(&f.Meta)
	c.stats.Result.Add(r)
	if j.frames[f.Meta.Seq-j.first].withdrawn && r == (journal.Result{}) {
		c.stats.Withdrawn.Add(journal.TallyOf(&f.Meta))
	}
	j.settle()
	j.wake()
	return nil
}

// pass moves the cursor behind the frame that follows.
func (c *Cursor) pass(m *frame.Meta) {
	c.stats.Position = m.Seq
	c.stats.Passed.Add(m.Counts)
	c.stats.Pending.Sub(journal.TallyOf(m))
}

// blocks says whether the oldest frame must be kept for the cursor.
func (c *Cursor) blocks() bool {
	return c.onFull == journal.Block && c.stats.Position < c.journal.first
}

// skip moves the cursor past the oldest frame if it is not past it.
func (c *Cursor) skip() {
	if c.stats.Position >= c.journal.first {
		return
	}
	k := &c.journal.frames[0]
	c.pass(&k.meta)
	if k.withdrawn {
		c.stats.Withdrawn.Add(journal.TallyOf(&k.meta))
		return
	}
	c.stats.Skipped.Add(journal.TallyOf(&k.meta))
}

// Stats are the cursor's figures since the journal was opened.
func (c *Cursor) Stats() journal.CursorStats {
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	return c.figures()
}

func (c *Cursor) figures() journal.CursorStats {
	st := c.stats
	if st.Pending.Frames > 0 {
		st.Oldest = c.journal.frames[st.Position+1-c.journal.first].meta.JournalTime
	}
	return st
}
