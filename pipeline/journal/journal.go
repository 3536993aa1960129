// Package journal keeps frames on disk, in the order in which they were
// appended, and hands them to any number of readers that each have a durable
// position of their own.
//
// A journal is a directory of segments: gzip files whose members are the
// frames, readable by zcat. A frame is acknowledged, and seen by readers, only
// after fsync. Numbers of frames rise and are never given twice. What a crash
// may leave behind, and what is made of it, is described in
// docs/journal-format.md.
package journal

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Options say where a journal is and how large it may grow.
type Options struct {
	FS vfs.FS
	// Dir holds the segments. It is made when it is missing. The caller holds
	// the lock that keeps a second agent away from it.
	Dir string
	// MaxSize is the disk space in bytes that segments may take; 0 is no bound
	// but MinFree.
	MaxSize int64
	// MaxAge is how long delivered segments are kept; 0 is as long as there is
	// room.
	MaxAge time.Duration
	// MinFree is what must stay free on the file system.
	MinFree Reserve
	// SegmentSize is where a segment is sealed; 0 is 64 MiB, or an eighth of
	// MaxSize when that is less.
	SegmentSize int64
	// SegmentAge is when a segment is sealed even if it is small; 0 is 10
	// minutes.
	SegmentAge time.Duration
	// MaxPending is how many bytes may wait for their fsync before Append
	// waits; 0 is 16 MiB.
	MaxPending int64
	// LeaveOut is how many numbers are not given to frames, because a journal
	// that this one is a copy of may have given them.
	LeaveOut uint64
	Logger   *slog.Logger
	// OnDurable is told of frames that have just become durable, in order. It
	// is called from the appender's goroutine and must not call Append; the
	// metadata is its only until it returns.
	OnDurable func([]*frame.Meta)
	// OnSync is told how long each fsync of a segment took.
	OnSync func(time.Duration)
	// OnDamaged is told, once for each, of durable frames whose header is
	// readable and whose payload is not: see Missing. The metadata is its only
	// until it returns.
	OnDamaged func(*frame.Meta)
	// wall is the clock that frames get their time from, and that may be set;
	// nil is the system's.
	wall func() time.Time
}

// Reserve is space that is left to others: the larger of a number of bytes
// and a share of the whole file system (0 to 1).
type Reserve struct {
	Bytes uint64
	Share float64
}

func (r Reserve) of(total uint64) uint64 {
	return max(r.Bytes, uint64(r.Share*float64(total)))
}

const (
	defaultSegmentSize = 64 << 20
	minSegmentSize     = 64 << 10
	defaultSegmentAge  = 10 * time.Minute
	defaultMaxPending  = 16 << 20
	// maintenance is how often age, free space and unsynced cursors are looked
	// after while nothing is appended.
	maintenance = 10 * time.Second
)

func (o *Options) setDefaults() {
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegmentSize
		if o.MaxSize > 0 {
			o.SegmentSize = max(minSegmentSize, min(o.SegmentSize, o.MaxSize/8))
		}
	}
	if o.SegmentAge == 0 {
		o.SegmentAge = defaultSegmentAge
	}
	if o.MaxPending == 0 {
		o.MaxPending = defaultMaxPending
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnDurable == nil {
		o.OnDurable = func([]*frame.Meta) {}
	}
	if o.OnSync == nil {
		o.OnSync = func(time.Duration) {}
	}
	if o.OnDamaged == nil {
		o.OnDamaged = func(*frame.Meta) {}
	}
	if o.wall == nil {
		o.wall = time.Now
	}
}

// ErrClosed is returned by a journal that was closed.
var ErrClosed = errors.New("the journal is closed")

// Journal is an open journal on disk. It has one writer, its appender
// goroutine; all methods may be called from any goroutine.
type Journal struct {
	opts Options

	mu sync.Mutex
	// segments are all of them, oldest first, each with the numbers from its
	// First up to the next one's.
	segments []*segment
	// nextSeq is the number of the next frame, durable that of the last one
	// that is on stable storage.
	nextSeq, durable uint64
	// checkpointed is the number up to which frames need not be replayed.
	checkpointed uint64
	cursors      map[string]*Cursor
	// stored are the positions found on disk, those of cursors that nobody
	// asked for included.
	stored map[string]uint64
	// changed is closed, and replaced, when durable moves or the journal ends.
	changed chan struct{}
	// reported are the frames that OnDamaged was told of.
	reported map[uint64]struct{}

	intake   intake
	recovery Recovery
	disk     diskState
	closed   bool

	// writer is the appender's own.
	writer writer
	done   chan struct{}
	err    error
}

// Open opens the journal in opts.Dir and recovers it: frames of segments that
// were not sealed are checked before they count.
func Open(opts Options) (*Journal, error) {
	opts.setDefaults()
	j := &Journal{
		opts:    opts,
		nextSeq: 1,
		cursors: map[string]*Cursor{},
		stored:  map[string]uint64{},
		changed: make(chan struct{}),
		done:    make(chan struct{}),

		reported: map[uint64]struct{}{},
	}
	j.intake.init()
	if err := j.recover(); err != nil {
		return nil, err
	}
	go j.run()
	return j, nil
}

// Append gives a frame to the journal, which numbers it and owns it from then
// on, also after an error. It waits while the journal is full or too many
// bytes wait for fsync, and returns before the frame is durable: see
// Options.OnDurable. The order of calls is the order of numbers.
func (j *Journal) Append(ctx context.Context, s *frame.Sealed) error {
	size := int64(s.Meta.MetaSize() + len(s.Payload))
	for {
		wait, err := j.offer(s, size)
		if wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			s.Release()
			return context.Cause(ctx)
		}
	}
}

// offer queues s, or returns what to wait for.
func (j *Journal) offer(s *frame.Sealed, size int64) (wait <-chan struct{}, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		s.Release()
		return nil, ErrClosed
	}
	if !j.admits(size) {
		return j.intake.wait(size), nil
	}
	j.intake.add(s, size)
	return nil, nil
}

// admits says whether size more bytes fit the limits now. A journal that holds
// nothing takes any frame, so that one that is larger than all limits passes.
func (j *Journal) admits(size int64) bool {
	if len(j.intake.queue) > 0 && j.intake.bytes+size > j.opts.MaxPending {
		return false
	}
	if j.used() == 0 {
		return true
	}
	return !j.disk.full && !j.over(size)
}

// used is what the journal takes on disk or soon will.
func (j *Journal) used() int64 {
	n := j.intake.bytes
	for _, s := range j.segments {
		n += s.bytes()
	}
	return n
}

// Checkpointed tells the journal that frames up to seq are covered by the
// older of the two valid generations of the checkpoint: the segments that hold
// only such frames may go.
func (j *Journal) Checkpointed(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.checkpointed = max(j.checkpointed, seq)
	j.intake.nudge()
}

// Flush waits until every frame that was appended before is durable and
// OnDurable has returned.
func (j *Journal) Flush(ctx context.Context) error {
	j.mu.Lock()
	want := j.nextSeq + uint64(len(j.intake.queue)) - 1
	j.mu.Unlock()
	for {
		j.mu.Lock()
		done := j.durable >= want || j.intake.bytes == 0
		closed, wait := j.closed, j.changed
		j.mu.Unlock()
		switch {
		case done:
			return nil
		case closed:
			return ErrClosed
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Close writes and syncs everything that was appended, and the cursors. When
// the disk refuses, it gives up after one more try, and the frames that are
// not durable were never acknowledged.
func (j *Journal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		j.intake.finish()
	}
	j.mu.Unlock()
	<-j.done
	return j.err
}

// Stats are a journal's figures now.
type Stats struct {
	// Segments and Bytes are what is on disk, or the bytes in memory.
	Segments int
	Bytes    int64
	// Next is the number that the next frame gets, Durable the last that
	// exporters see (on disk: the last on stable storage), Checkpointed the
	// last that the checkpoint covers twice.
	Next, Durable, Checkpointed uint64
	// First is the oldest frame that is kept, 0 when there is none; Oldest and
	// Newest are when it and the newest were written, ns.
	First          uint64
	Oldest, Newest int64
	// Queued are bytes that wait for their fsync.
	Queued int64
	// Free and Total describe the file system; Reserve is what Options.MinFree
	// comes to.
	Free, Total, Reserve uint64
	// Full says that frames wait for room.
	Full bool
	// Trouble is why the disk takes no frames at the moment; nil when it does.
	Trouble  error
	Recovery Recovery
	Cursors  []CursorStats
}

// Recovery says what opening the journal found.
type Recovery struct {
	// Truncated is the bytes at the end of the unsealed segment that were no
	// whole frame or came behind one; they were never acknowledged.
	Truncated int64
	// Damaged counts frames that had been durable and are not readable now,
	// in the segments that were verified.
	Damaged uint32
	// Rebuilt counts sidecars that were missing or bad.
	Rebuilt int
	// Gap is the first number that was jumped over because a cursor or the
	// checkpoint was beyond the recovered tail; 0 when there was none.
	Gap uint64
}

// Stats are the journal's figures now.
func (j *Journal) Stats() Stats {
	st := j.figures()
	for _, c := range j.openCursors() {
		st.Cursors = append(st.Cursors, c.Stats())
	}
	return st
}

func (j *Journal) figures() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	st := Stats{
		Segments: len(j.segments), Bytes: j.used() - j.intake.bytes,
		Next: j.nextSeq, Durable: j.durable, Checkpointed: j.checkpointed,
		Queued: j.intake.bytes, Free: j.disk.free, Total: j.disk.total, Reserve: j.opts.MinFree.of(j.disk.total),
		Full: j.disk.starved, Trouble: j.disk.trouble, Recovery: j.recovery,
	}
	for _, s := range j.segments {
		if s.empty() {
			continue
		}
		if st.First == 0 {
			st.First, st.Oldest = s.First, s.Opened
		}
		st.Newest = s.Written
	}
	return st
}
