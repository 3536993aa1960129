package journal

import (
	"errors"
	"time"
)

// openCursors are the journal's cursors. It exists because a cursor's locks
// come before the journal's.
func (j *Journal) openCursors() []*Cursor {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]*Cursor, 0, len(j.cursors))
	for _, c := range j.cursors {
		list = append(list, c)
	}
	return list
}

// syncCursors makes positions durable that are older than age.
func (j *Journal) syncCursors(age time.Duration) {
	for _, c := range j.openCursors() {
		c.syncIfOld(age)
	}
}

func (c *Cursor) syncIfOld(age time.Duration) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if time.Since(c.syncedAt) < age {
		return
	}
	if err := c.sync(); err != nil {
		c.complain(err)
	}
}

func (c *Cursor) complain(err error) {
	c.journal.opts.Logger.Warn("the position of an exporter cannot be stored; after a power failure it may deliver twice",
		"exporter", c.name, "error", err, "cure", Cure(err))
}

// releases says whether the cursor does not need the segment, even after a
// power failure. A cursor that may skip is moved past it when the journal is
// full.
func (c *Cursor) releases(seg *segment, full bool) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.synced >= seg.Last {
		return true
	}
	if c.Position < seg.Last {
		if c.onFull != Skip || !full || !c.skip(seg) {
			return false
		}
	}
	if err := c.store(true); err != nil {
		c.complain(err)
		return false
	}
	return true
}

// skip moves the cursor past a segment and counts what it did not deliver.
func (c *Cursor) skip(seg *segment) bool {
	var gone Tally
	err := seg.entries(c.journal.opts.FS, 0, func(e *Entry) error {
		if e.Seq > c.Position {
			gone.Add(e.tally())
		}
		return nil
	})
	if err != nil {
		c.complain(err)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Position = seg.Last
	c.Passed.Add(gone.Counts)
	c.Skipped.Add(gone)
	c.journal.passed(c, gone, seg.Written)
	return true
}

// end makes the position durable and closes the slot.
func (c *Cursor) end() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return errors.Join(c.sync(), c.slot.Close())
}
