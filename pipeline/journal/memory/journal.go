// Package memory keeps frames in memory until every exporter has passed them:
// a journal for gateways, and for nodes whose disk may not be written. It has
// the methods of a journal on disk and a weaker promise. A frame's sources are
// acknowledged when its documents are delivered, not before, and what is not
// delivered ends with the process and is read again from its sources.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Options bound a journal.
type Options struct {
	// MaxSize is what frames may take, with their metadata, in bytes.
	MaxSize int64
	Logger  *slog.Logger
	// OnPassed is told of frames that every exporter has passed that may not
	// skip any, in order; without such an exporter, of those that all have
	// passed. It is called with the journal locked and must not call it; the
	// metadata is its only until it returns.
	OnPassed func([]*frame.Meta)
}

// Journal is an open journal in memory. All methods may be called from any
// goroutine.
type Journal struct {
	opts Options

	mu sync.Mutex
	// frames are those that a cursor has not passed; the oldest has the number
	// first, and each that follows the next.
	frames []kept
	first  uint64
	bytes  int64
	// passed is the last number that OnPassed was told of.
	passed       uint64
	checkpointed uint64
	cursors      []*Cursor
	// wanted is the size of a frame that waits for room, 0 when none does;
	// told is when that was logged last.
	wanted int64
	told   time.Time
	closed bool
	// changed is closed, and replaced, when those who wait should look again.
	changed chan struct{}
}

// kept is a frame in memory of just its size. One that was withdrawn has no
// payload.
type kept struct {
	meta      frame.Meta
	payload   []byte
	origin    frame.Origin
	tag       uint64
	withdrawn bool
}

func (k *kept) size() int64 { return int64(k.meta.MetaSize() + len(k.payload)) }

// Open makes an empty journal.
func Open(o Options) *Journal {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnPassed == nil {
		o.OnPassed = func([]*frame.Meta) {}
	}
	return &Journal{opts: o, first: 1, changed: make(chan struct{})}
}

// Replay has nothing to replay. It is called before the first Append and the
// first Cursor, and makes sure that no number up to after is given again.
func (j *Journal) Replay(after uint64, _ func(*frame.Meta) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.first, j.passed, j.checkpointed = after+1, after, after
	return nil
}

// Append gives a frame to the journal, which numbers it and owns it from then
// on, also after an error. It waits while the journal is full. The order of
// calls is the order of numbers.
func (j *Journal) Append(ctx context.Context, s *frame.Sealed) error {
	k := kept{meta: s.Meta, payload: s.Payload, origin: s.Origin, tag: s.Tag}
	if cap(s.Payload) > len(s.Payload) {
		// Memory that was taken for a frame before its size was known is larger.
		k.payload = slices.Clone(s.Payload)
		s.Release()
	}
	return j.await(ctx, func() (bool, error) { return j.offer(k) })
}

// Withdraw drops the frames of an origin that are not acknowledged, since it
// keeps them itself: what exporters have not taken yet they do not get. They are
// still acknowledged when the exporters have passed what they had taken.
func (j *Journal) Withdraw(o frame.Origin) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := max(0, int(j.passed+1-j.first)); i < len(j.frames); i++ {
		if k := &j.frames[i]; k.origin == o && !k.withdrawn {
			j.bytes -= int64(len(k.payload))
			k.payload, k.withdrawn = nil, true
		}
	}
	j.wake()
}

// await calls try, with the journal locked, after every change until it says
// that it is done.
func (j *Journal) await(ctx context.Context, try func() (done bool, err error)) error {
	for {
		j.mu.Lock()
		done, err := try()
		changed := j.changed
		j.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// wake lets those who wait look again.
func (j *Journal) wake() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// offer takes a frame when there is room for it.
func (j *Journal) offer(k kept) (taken bool, err error) {
	if j.closed {
		return false, journal.ErrClosed
	}
	if !j.makeRoom(k.size()) {
		j.starve(k.size())
		return false, nil
	}
	k.meta.Seq, k.meta.JournalTime = j.next(), cmp.Or(k.meta.JournalTime, time.Now().UnixNano())
	j.frames = append(j.frames, k)
	j.bytes += k.size()
	j.wanted = 0
	for _, c := range j.cursors {
		c.stats.Pending.Add(journal.TallyOf(&k.meta))
	}
	j.settle()
	j.wake()
	return true, nil
}

// next is the number of the next frame.
func (j *Journal) next() uint64 { return j.first + uint64(len(j.frames)) }

// makeRoom says whether size more bytes fit, after exporters that may skip
// were moved past the oldest frames as far as nobody else needs them. An empty
// journal takes any frame.
func (j *Journal) makeRoom(size int64) bool {
	for len(j.frames) > 0 && j.bytes+size > j.opts.MaxSize {
		if slices.ContainsFunc(j.cursors, (*Cursor).blocks) {
			return false
		}
		for _, c := range j.cursors {
			c.skip()
		}
		j.settle()
	}
	return true
}

// toldEvery bounds how often a journal that is full again says so.
const toldEvery = time.Minute

// starve notes that a frame waits for room.
func (j *Journal) starve(size int64) {
	j.wanted = size
	if now := time.Now(); now.Sub(j.told) >= toldEvery {
		j.told = now
		j.opts.Logger.Warn("the journal in memory is full; nothing is read or received until an exporter has delivered",
			"bytes", j.bytes, "max_size", j.opts.MaxSize)
	}
}

// settle tells of the frames that are passed and drops those that nobody needs.
func (j *Journal) settle() {
	all, blocking := j.next()-1, j.next()-1
	mayBlock := false
	for _, c := range j.cursors {
		all = min(all, c.stats.Position)
		if c.onFull == journal.Block {
			blocking, mayBlock = min(blocking, c.stats.Position), true
		}
	}
	if !mayBlock {
		blocking = all
	}
	j.tell(blocking)
	j.drop(all)
}

// tell tells of the frames up to a number.
func (j *Journal) tell(through uint64) {
	if through <= j.passed {
		return
	}
	metas := make([]*frame.Meta, 0, through-j.passed)
	for seq := j.passed + 1; seq <= through; seq++ {
		metas = append(metas, &j.frames[seq-j.first].meta)
	}
	j.opts.OnPassed(metas)
	for ; j.passed < through; j.passed++ {
		if k := &j.frames[j.passed+1-j.first]; k.origin != nil {
			k.origin.Acknowledge(k.tag)
		}
	}
}

// drop lets go of the frames up to a number.
func (j *Journal) drop(through uint64) {
	for j.first <= through {
		j.bytes -= j.frames[0].size()
		j.frames[0] = kept{}
		j.frames = j.frames[1:]
		j.first++
	}
}

// Flush returns at once: exporters see a frame when Append has returned.
func (j *Journal) Flush(context.Context) error { return nil }

// Checkpointed notes that frames up to seq are covered by the older of the two
// valid generations of the checkpoint.
func (j *Journal) Checkpointed(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.checkpointed = max(j.checkpointed, seq)
}

// Cursor opens the cursor of a name. It begins at the next frame, or at the
// oldest that there is.
func (j *Journal) Cursor(name string, o journal.CursorOptions) (*Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.ContainsFunc(j.cursors, func(c *Cursor) bool { return c.stats.Name == name }) {
		return nil, fmt.Errorf("cursor %q is open already", name)
	}
	if j.closed {
		return nil, journal.ErrClosed
	}
	c := &Cursor{journal: j, onFull: o.OnFull, stats: journal.CursorStats{Name: name}}
	c.begin(o.StartAtBeginning)
	j.cursors = append(j.cursors, c)
	return c, nil
}

// Stats are the journal's figures now.
func (j *Journal) Stats() journal.Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	st := journal.Stats{
		Bytes: j.bytes, Next: j.next(), Durable: j.next() - 1, Checkpointed: j.checkpointed,
		Full: j.wanted > 0 && j.bytes+j.wanted > j.opts.MaxSize,
	}
	if n := len(j.frames); n > 0 {
		st.First = j.first
		st.Oldest, st.Newest = j.frames[0].meta.JournalTime, j.frames[n-1].meta.JournalTime
	}
	for _, c := range j.cursors {
		st.Cursors = append(st.Cursors, c.figures())
	}
	return st
}

// Close ends the journal. What was not delivered was never acknowledged.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.frames); n > 0 && !j.closed {
		j.opts.Logger.Info("frames end undelivered with the journal in memory; they are still where they came from and will come again",
			"frames", n, "bytes", j.bytes)
	}
	j.closed = true
	j.wake()
	return nil
}
