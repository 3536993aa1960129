package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Reader is what a lane reads from: a share of a receiver's files. All calls
// come from the lane's goroutine.
type Reader interface {
	// Read fills b with records of one file and reports whether there were
	// any bytes to read. What b holds is the lane's until the next Read.
	Read(b *event.Batch) bool
	// Wait returns when a Read may succeed, at until, or when ctx ends.
	Wait(ctx context.Context, until time.Time)
	// States appends how far the files of a class are consumed, for those
	// that moved since the last call, and takes their Counts.
	States(class string, dst []frame.Source) []frame.Source
}

// Processor changes the records of a lane's batches. One instance serves one
// lane, so it needs no locks. Open is called before the first batch of a
// source and may add to it, Close after its last.
type Processor interface {
	Open(src *event.Source)
	Process(b *event.Batch)
	Close(src *event.Source)
}

// Appender is where sealed frames go. Append takes the frame over; it blocks
// while the journal can take no more, which is how backpressure reaches the
// files.
type Appender interface {
	Append(ctx context.Context, s *frame.Sealed) error
}

// Flush says when an open frame is sealed: whichever comes first.
type Flush struct {
	Interval time.Duration
	Bytes    int
}

// lane reads, parses, encodes and compresses the lines of its files, from the
// first byte to the sealed frame, on one goroutine. It never waits while it
// owns unsealed bytes but for the next lines of their own frame.
type lane struct {
	reader     Reader
	processors []Processor
	rules      []string
	encoder    *encode.Encoder
	journal    Appender
	flush      Flush
	log        *slog.Logger
	pulse      *telemetry.Pulse

	batch event.Batch
	open  []*openFrame
	// broken is set when a frame could not be handed over: a later frame
	// would move its files' positions past the lines of the missing one.
	broken bool
}

// sealGrace is how long the last frames may wait for a journal that is full
// when the agent stops; their lines are still in the files.
const sealGrace = 500 * time.Millisecond

// openFrame gathers the documents of one class.
type openFrame struct {
	class   string
	builder *frame.Builder
	// due is when the frame must be sealed; zero while it holds nothing.
	due time.Time
	// sources are those with a resume state to record, metaBytes what their
	// states will take of the header.
	sources   map[event.SourceID]struct{}
	metaBytes int
	maybeSeen bool
	dropped   []uint64
}

// run works until ctx ends, then seals what is open: lines that were read are
// never thrown away, and unfinished ones stay in their files.
func (l *lane) run(ctx context.Context) {
	defer l.pulse.Rest()
	for ctx.Err() == nil {
		l.pulse.Beat()
		if l.reader.Read(&l.batch) {
			l.consume(ctx)
		} else {
			l.reader.Wait(ctx, l.nextDue())
		}
		l.sealDue(ctx, time.Now())
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealGrace)
	defer cancel()
	l.sealAll(last)
}

// consume turns the batch into documents of its class's open frame.
func (l *lane) consume(ctx context.Context) {
	b := &l.batch
	f := l.frameOf(b.Source.Class)
	if f.due.IsZero() {
		f.due = time.Now().Add(l.flush.Interval)
	}
	f.maybeSeen = f.maybeSeen || b.MaybeSeen
	f.note(b.Source)
	for _, p := range l.processors {
		p.Process(b)
	}
	f.countDropped(b)
	l.encoder.Encode(b, f.builder)
	if f.full(l.flush.Bytes) {
		l.seal(ctx, f)
	}
}

// openSource and closeSource tell the processors and the encoder of a file.
func (l *lane) openSource(src *event.Source) {
	for _, p := range l.processors {
		p.Open(src)
	}
	l.encoder.Open(src)
}

func (l *lane) closeSource(src *event.Source) {
	for _, p := range l.processors {
		p.Close(src)
	}
	l.encoder.Close(src)
}

func (l *lane) frameOf(class string) *openFrame {
	for _, f := range l.open {
		if f.class == class {
			return f
		}
	}
	f := &openFrame{
		class:   class,
		builder: frame.NewBuilder(compressionLevel),
		sources: make(map[event.SourceID]struct{}),
		dropped: make([]uint64, len(l.rules)),
	}
	l.open = append(l.open, f)
	return f
}

// nextDue is the time at which the oldest open frame must be sealed, or the
// zero time when none is open.
func (l *lane) nextDue() time.Time {
	var next time.Time
	for _, f := range l.open {
		if !f.due.IsZero() && (next.IsZero() || f.due.Before(next)) {
			next = f.due
		}
	}
	return next
}

func (l *lane) sealDue(ctx context.Context, now time.Time) {
	for _, f := range l.open {
		if !f.due.IsZero() && !now.Before(f.due) {
			l.seal(ctx, f)
		}
	}
}

func (l *lane) sealAll(ctx context.Context) {
	for _, f := range l.open {
		l.seal(ctx, f)
	}
}

// seal hands the frame to the journal. A frame without documents is written
// too when lines were dropped or positions moved: the journal is the truth
// about how far a file was read.
func (l *lane) seal(ctx context.Context, f *openFrame) {
	m := frame.Meta{Class: f.class, MaybeSeen: f.maybeSeen, Rules: f.ruleCounts(l.rules)}
	m.Sources = l.reader.States(f.class, nil)
	for i := range m.Sources {
		m.Counts.Add(m.Sources[i].Counts)
	}
	if f.builder.Docs() == 0 && len(m.Sources) == 0 {
		f.reset()
		return
	}
	sealed := f.builder.Seal(m)
	f.reset()
	if l.broken {
		return
	}
	// Waiting for room is no sign of being stuck.
	l.pulse.Rest()
	if err := l.journal.Append(ctx, sealed); err != nil {
		l.broken = true
		l.log.Info("the last lines read were not journaled; they are still in their files and will be read again", "reason", err)
	}
}

// sourceMetaBytes is more than one source's state takes of a frame's header
// beside its path.
const sourceMetaBytes = 200

// note records that src has a part in the frame.
func (f *openFrame) note(src *event.Source) {
	if _, ok := f.sources[src.ID]; ok {
		return
	}
	f.sources[src.ID] = struct{}{}
	f.metaBytes += sourceMetaBytes + len(src.Path) + len(src.Identity.Path) + len(src.Namespace)
}

func (f *openFrame) full(limit int) bool {
	return f.builder.Size() >= limit || f.metaBytes+f.builder.MetaSize() >= frame.MetaLimit
}

func (f *openFrame) countDropped(b *event.Batch) {
	if len(f.dropped) == 0 {
		return
	}
	for i := range b.Records {
		if r := &b.Records[i]; r.Flags&event.Dropped != 0 {
			f.dropped[r.Rule] += uint64(r.Lines)
		}
	}
}

func (f *openFrame) ruleCounts(names []string) []frame.RuleCount {
	var counts []frame.RuleCount
	for i, n := range f.dropped {
		if n > 0 {
			counts = append(counts, frame.RuleCount{Name: names[i], Lines: n})
		}
	}
	return counts
}

func (f *openFrame) reset() {
	f.due = time.Time{}
	f.metaBytes, f.maybeSeen = 0, false
	clear(f.sources)
	clear(f.dropped)
}
