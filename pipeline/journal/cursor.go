package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// OnFull says what a full journal does with frames that a cursor has not
// passed.
type OnFull uint8

const (
	// Block keeps them: Append waits for the cursor.
	Block OnFull = iota
	// Skip moves the cursor past the oldest frames, which counts their lines
	// as skipped.
	Skip
)

// CursorOptions are a cursor's.
type CursorOptions struct {
	OnFull OnFull
	// StartAtBeginning makes a cursor that is new begin at the oldest frame
	// that there is, instead of at the next that is written.
	StartAtBeginning bool
}

// Result is what became of a frame's documents, in lines of the sources and in
// documents. Excluded are those of classes that the exporter does not take.
type Result struct {
	Delivered, Parked, Dead, Lost, Excluded                     uint64
	DeliveredDocs, ParkedDocs, DeadDocs, LostDocs, ExcludedDocs uint64
}

// Add sums o into r.
func (r *Result) Add(o Result) {
	r.Delivered += o.Delivered
	r.Parked += o.Parked
	r.Dead += o.Dead
	r.Lost += o.Lost
	r.DeliveredDocs += o.DeliveredDocs
	r.ParkedDocs += o.ParkedDocs
	r.DeadDocs += o.DeadDocs
	r.LostDocs += o.LostDocs
	r.Excluded += o.Excluded
	r.ExcludedDocs += o.ExcludedDocs
}

// Cursor is a durable position in a journal. Next and Advance are for one
// goroutine; Next may be ahead of Advance.
type Cursor struct {
	journal *Journal
	name    string
	onFull  OnFull

	// reading is owned by the goroutine of Next.
	reading

	// pending are the frames behind the position. The oldest of them was
	// written at oldest, ns, or later. Guarded by Journal.mu.
	pending Tally
	oldest  int64

	// writing is held while the slot is written and synced, which a disk may
	// make last, and comes before mu. Who changes the state holds both, who
	// reads it either: a disk that stalls holds up nobody who only looks.
	writing sync.Mutex
	mu      sync.Mutex
	state
	slot *slot.File
	// syncedAt is when the position was made durable, synced that position.
	synced   uint64
	syncedAt time.Time
	dirty    bool
}

// Tally sums frames.
type Tally struct {
	Frames int
	// Bytes are the frames' payloads, unlike Counts.Bytes, which were read
	// from the sources.
	Bytes int64
	event.Counts
}

// Add sums o into t.
func (t *Tally) Add(o Tally) {
	t.Frames += o.Frames
	t.Bytes += o.Bytes
	t.Counts.Add(o.Counts)
}

// Sub takes o out of t.
func (t *Tally) Sub(o Tally) {
	t.Frames -= o.Frames
	t.Bytes -= o.Bytes
	from, what := t.Counts.Figures(), o.Counts.Figures()
	for i := range from {
		*from[i] -= *what[i]
	}
}

// TallyOf is the Tally of one frame.
func TallyOf(m *frame.Meta) Tally { return Tally{1, int64(m.PackedSize), m.Counts} }

const (
	cursorDir    = "cursors"
	cursorSuffix = ".slot"
	// syncInterval is how long a position may stay in memory.
	syncInterval = time.Second
)

func cursorPath(dir, name string) string {
	return filepath.Join(dir, cursorDir, url.PathEscape(name)+cursorSuffix)
}

// Cursor opens the cursor of a name, or makes it. Only cursors that were
// opened keep segments from being deleted.
func (j *Journal) Cursor(name string, opts CursorOptions) (*Cursor, error) {
	j.mu.Lock()
	_, twice := j.cursors[name]
	j.mu.Unlock()
	if twice {
		return nil, fmt.Errorf("cursor %q is open already", name)
	}
	c := &Cursor{journal: j, name: name, onFull: opts.OnFull}
	if err := c.open(opts); err != nil {
		return nil, fmt.Errorf("cursor %q: %w", name, err)
	}
	if err := c.join(); err != nil {
		return nil, fmt.Errorf("cursor %q: %w", name, err)
	}
	return c, nil
}

// open reads the cursor's position or gives it one. A new position is durable
// before any frame is counted on it.
func (c *Cursor) open(opts CursorOptions) error {
	j := c.journal
	path := cursorPath(j.opts.Dir, c.name)
	f, st, err := openState(j.opts.FS, path)
	lost := errors.Is(err, slot.ErrDamaged) || errors.Is(err, errState)
	switch {
	case err == nil:
		c.slot, c.state = f, st
	case lost || errors.Is(err, fs.ErrNotExist):
		c.Position = j.startOf(opts.StartAtBeginning || lost)
		c.Start = c.Position
		if c.slot, err = slot.Create(j.opts.FS, path, stateCapacity, c.state.append(nil)); err != nil {
			return err
		}
	default:
		return err
	}
	if lost {
		j.opts.Logger.Error("the position of an exporter is lost; it begins at the oldest frame and may deliver twice", "exporter", c.name)
	}
	c.read, c.synced = c.Position, c.Position
	return nil
}

// openState opens a cursor's file.
func openState(fsys vfs.FS, path string) (*slot.File, state, error) {
	f, err := slot.Open(fsys, path)
	if err != nil {
		return nil, state{}, err
	}
	st, err := parseState(f.Newest().Payload)
	if err != nil {
		f.Close()
	}
	return f, st, err
}

// startOf is the position of a new cursor.
func (j *Journal) startOf(beginning bool) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if beginning && len(j.segments) > 0 {
		return j.segments[0].First - 1
	}
	return j.durable
}

// join counts what the cursor has before it and makes it one of the journal's.
func (c *Cursor) join() error {
	j := c.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	for _, s := range j.segments {
		if s.empty() || s.Last <= c.Position {
			continue
		}
		if err := c.count(s); err != nil {
			return err
		}
	}
	j.cursors[c.name] = c
	return nil
}

// count adds the frames of s behind the position to what is pending.
func (c *Cursor) count(s *segment) error {
	if s.First > c.Position {
		c.expect(Tally{int(s.Frames), s.Packed, s.Counts}, s.Opened)
		return nil
	}
	return s.entries(c.journal.opts.FS, 0, func(e *Entry) error {
		if e.Seq > c.Position {
			c.expect(e.tally(), e.JournalTime)
		}
		return nil
	})
}

// expect adds frames to what is pending, the first of which was written at
// written.
func (c *Cursor) expect(t Tally, written int64) {
	if c.pending.Frames == 0 {
		c.oldest = written
	}
	c.pending.Add(t)
}

// Advance moves the cursor behind f, every document of which has its Result.
// Frames are passed in the order in which Next gave them; one that was skipped
// meanwhile is ignored. The new position and counts survive the death of the
// process at once and that of the machine after about a second.
func (c *Cursor) Advance(f *Frame, r Result) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if f.Meta.Seq <= c.Position {
		return nil
	}
	if f.previous > c.Position {
		return fmt.Errorf("cursor %q: frame %d is passed before frame %d", c.name, f.Meta.Seq, f.previous)
	}
	c.pass(f, r)
	return c.store(time.Since(c.syncedAt) >= syncInterval)
}

// pass moves the position behind f.
func (c *Cursor) pass(f *Frame, r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Position = f.Meta.Seq
	c.Passed.Add(f.Meta.Counts)
	c.Result.Add(r)
	c.damaged(f.hole)
	done := TallyOf(&f.Meta)
	done.Add(f.hole)
	c.journal.passed(c, done, f.Meta.JournalTime)
}

// damaged counts frames that could not be read.
func (c *Cursor) damaged(hole Tally) {
	c.Passed.Add(hole.Counts)
	c.Damaged += uint64(hole.Frames)
	c.Result.Lost += hole.DocLines
	c.Result.LostDocs += hole.Docs
}

// passed takes frames from what is pending, the last of which was written at
// written.
func (j *Journal) passed(c *Cursor, done Tally, written int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c.pending.Sub(done)
	c.oldest = max(c.oldest, written)
	if j.intake.blocked() {
		j.intake.nudge()
	}
}

// store writes the state to its slot.
func (c *Cursor) store(sync bool) error {
	if err := c.slot.Write(c.state.append(nil)); err != nil {
		return err
	}
	c.dirty = true
	if !sync {
		return nil
	}
	return c.sync()
}

// sync makes the position durable.
func (c *Cursor) sync() error {
	if !c.dirty {
		return nil
	}
	c.syncedAt = time.Now()
	if err := c.slot.Sync(); err != nil {
		return err
	}
	c.synced, c.dirty = c.Position, false
	return nil
}
