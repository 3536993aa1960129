package shipping

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Shipper brings the frames of one cursor to one exporter.
type Shipper struct {
	o      Options
	core   *core
	lot    *attendant
	ledger ledger
	// inbox has the answers to requests, each of which is sent by a goroutine
	// of its own.
	inbox    inbox
	requests sync.WaitGroup

	// oldestSeq is the number of the oldest frame on its way, 0 when there is
	// none.
	oldestSeq atomic.Uint64
	// draining is set by Drain; drain ends when it is.
	draining atomic.Bool
	drain    context.Context
	drainNow context.CancelFunc

	// spare is the memory of payloads that were sent.
	spare [][]byte
	// plain and builder are for packing documents again; they are given back
	// when nothing is on its way.
	plain   []byte
	builder *frame.Builder
}

const (
	// ahead is how many requests' plain bytes of frames that are not done are
	// held beside those in flight: enough to fill the next request while old
	// documents wait.
	ahead = 1
	// maxHeld bounds the memory of frames in all, with their metadata, by a
	// multiple of flush.bytes or, for small requests, by leastHeld.
	maxHeld   = 2
	leastHeld = 4 << 20
	// maxFlights bounds how many frames wait for an older one.
	maxFlights = 256
	// storeRetry is the wait after a failure of this node's own disk.
	storeRetry = time.Second
)

// New makes a shipper. Run runs it.
func New(o Options) *Shipper {
	s := &Shipper{o: o}
	p := policy{flush: o.Flush, retry: o.Retry, inFlight: o.InFlight, oneFrame: o.OneFrame, jitter: fullJitter, parks: o.Park != nil, rewrites: o.Rewrite != nil}
	s.core, s.lot = newCore(p), newAttendant(s, p)
	s.drain, s.drainNow = context.WithCancel(context.Background())
	s.ledger.Name, s.ledger.Window = o.Name, 1
	s.ledger.Namespaces = map[string]NamespaceLines{}
	return s
}

// Stats is how the shipper gets on. It may be called at any time.
func (s *Shipper) Stats() Stats { return s.ledger.snapshot() }

// Drain makes the shipper send what there is without gathering, from now on:
// for the time before the end, when nothing more will come.
func (s *Shipper) Drain() {
	s.draining.Store(true)
	s.drainNow()
}

// RetryParked makes parked documents be tried again soon, however often they
// were refused.
func (s *Shipper) RetryParked() { s.lot.hurry() }

// Run ships until ctx ends or the journal is closed. It returns nil then;
// what was sent and not yet answered is sent again by the next run, and known
// to the backend by its id.
func (s *Shipper) Run(ctx context.Context) error {
	defer s.drainNow()
	ctx, stop := context.WithCancel(ctx)
	defer s.requests.Wait()
	defer stop()
	if s.o.Park != nil {
		s.requests.Go(func() { s.lot.run(ctx) })
	}
	for ctx.Err() == nil {
		if err := s.step(ctx); err != nil {
			if errors.Is(err, journal.ErrClosed) || ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	return nil
}

// step does what the core says.
func (s *Shipper) step(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	if err := s.land(ctx); err != nil {
		return err
	}
	s.core.draining = s.draining.Load()
	b, until := s.core.next(time.Now())
	if b != nil {
		s.send(ctx, b)
		return nil
	}
	waiting, cancel := s.waitContext(ctx, until)
	defer cancel()
	if !s.room() {
		<-waiting.Done()
		return nil
	}
	return s.gather(ctx, waiting)
}

// sleep waits; it fails when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// room says whether another frame may be held.
func (s *Shipper) room() bool {
	plain, held := 0, 0
	for _, f := range s.core.flights {
		held += cap(f.payload) + f.source.Meta.MetaSize()
		if f.left > 0 {
			plain += f.plain
		}
	}
	s.ledger.change(func(st *Stats) { st.Held = held })
	return len(s.core.flights) < maxFlights && plain < (s.core.window.limit()+ahead)*s.o.Flush.Bytes &&
		held < max(leastHeld, maxHeld*s.o.Flush.Bytes)
}

// gather takes a frame from the cursor, for which it waits until waiting ends.
func (s *Shipper) gather(ctx, waiting context.Context) error {
	f, err := s.o.Cursor.Next(waiting)
	switch {
	case err == nil:
		return s.load(ctx, f)
	case ctx.Err() != nil || errors.Is(err, journal.ErrClosed):
		return err
	case waiting.Err() != nil:
		return nil
	}
	s.o.Logger.Error("the journal cannot be read; delivery waits", "exporter", s.o.Name, "error", err)
	return sleep(ctx, storeRetry)
}

// waitContext ends at a time unless that is zero, when an answer comes, and
// when draining begins.
func (s *Shipper) waitContext(ctx context.Context, until time.Time) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if until.IsZero() {
		ctx, cancel = context.WithCancel(ctx)
	} else {
		ctx, cancel = context.WithDeadline(ctx, until)
	}
	s.inbox.watch(cancel)
	end := func() { s.inbox.watch(nil); cancel() }
	if s.core.draining {
		return ctx, end
	}
	stop := context.AfterFunc(s.drain, cancel)
	return ctx, func() { stop(); end() }
}

// load makes a flight of a frame.
func (s *Shipper) load(ctx context.Context, f *journal.Frame) error {
	m := &f.Meta
	fl := &flight{source: f, docs: int(m.Docs), plain: int(m.PlainSize), joined: m.Joined}
	if len(s.o.Classes) > 0 && !slices.Contains(s.o.Classes, m.Class) {
		fl.docs, fl.excluded = 0, true
	}
	if fl.docs > 0 {
		if err := s.read(ctx, fl); err != nil {
			return err
		}
	}
	s.core.add(fl, time.Now())
	s.note()
	return nil
}

// read reads a flight's payload. One that the disk did not keep has lost its
// documents; one that a full journal has passed is not this cursor's any more.
func (s *Shipper) read(ctx context.Context, f *flight) error {
	for {
		p, err := f.source.Payload(s.takeSpare())
		switch {
		case err == nil:
			f.payload = p
			return nil
		case errors.Is(err, frame.ErrChecksum):
			s.o.Logger.Error("a frame is damaged on disk and its documents count as lost; their lines are read again if their files are still there",
				"exporter", s.o.Name, "frame", f.source.Meta.Seq, "documents", f.docs)
			f.docs, f.lost = 0, true
			return nil
		case errors.Is(err, fs.ErrNotExist):
			f.docs, f.skipped = 0, true
			return nil
		}
		s.o.Logger.Error("the journal cannot be read; delivery waits", "exporter", s.o.Name, "error", err)
		if err := sleep(ctx, storeRetry); err != nil {
			return err
		}
	}
}

// land moves the cursor past the flights that are done.
func (s *Shipper) land(ctx context.Context) error {
	for f := s.core.landed(); f != nil; f = s.core.landed() {
		if err := s.advance(ctx, f); err != nil {
			return err
		}
		s.ledger.done(f)
		s.giveSpare(f)
	}
	if len(s.core.flights) == 0 {
		s.plain, s.builder = nil, nil
	}
	s.note()
	return nil
}

// advance moves the cursor. When the disk fails it is tried again: what was
// delivered meanwhile is delivered once all the same, by the documents' ids.
func (s *Shipper) advance(ctx context.Context, f *flight) error {
	for {
		err := s.o.Cursor.Advance(f.source, f.result())
		if err == nil {
			return nil
		}
		s.o.Logger.Error("the position of an exporter cannot be kept; delivery waits", "exporter", s.o.Name, "error", err)
		if err := sleep(ctx, storeRetry); err != nil {
			return err
		}
	}
}

// note keeps what others see of the frames on their way.
func (s *Shipper) note() {
	var oldest time.Time
	var seq uint64
	if len(s.core.flights) > 0 {
		m := &s.core.flights[0].source.Meta
		oldest, seq = time.Unix(0, m.JournalTime), m.Seq
	}
	s.oldestSeq.Store(seq)
	s.ledger.change(func(st *Stats) { st.Oldest, st.Frames = oldest, len(s.core.flights) })
}

// passed says whether the cursor has passed the frames of parked documents:
// until then a crash would have the frames delivered again.
func (s *Shipper) passed(docs []journal.Refused) bool {
	oldest := s.oldestSeq.Load()
	return oldest == 0 || !slices.ContainsFunc(docs, func(d journal.Refused) bool { return d.Frame >= oldest })
}

// maxSpare is how many payloads' memory is kept.
const maxSpare = 4

func (s *Shipper) takeSpare() []byte {
	n := len(s.spare)
	if n == 0 {
		return nil
	}
	p := s.spare[n-1]
	s.spare = s.spare[:n-1]
	return p[:0]
}

func (s *Shipper) giveSpare(f *flight) {
	if f.payload != nil && len(s.spare) < maxSpare {
		s.spare = append(s.spare, f.payload)
	}
	f.payload = nil
}
