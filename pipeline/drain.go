package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"
)

const drainPoll = 10 * time.Millisecond

// flush waits for the last frames to be durable. A disk that takes none is
// not waited for: their lines are not acknowledged and still in their files.
func (a *Agent) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealGrace)
	defer cancel()
	if err := a.journal.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// drain lets the exporters go on until they have delivered what there is, for
// as long as they get on, and says what they leave behind. Those that next goes
// on with are not waited for: nothing is read meanwhile.
func (a *Agent) drain(next successor) {
	deadline := time.Now().Add(a.opts.Drain)
	var all sync.WaitGroup
	for _, s := range a.shippers {
		if next.goesOn(s.name) {
			continue
		}
		s.loop.Drain()
		all.Go(func() { s.drain(deadline, a.patience()) })
	}
	all.Wait()
	for _, s := range a.shippers {
		if !next.goesOn(s.name) {
			a.sayPending(s)
		}
	}
}

// patience is when a backend counts as one that takes nothing.
func (a *Agent) patience() time.Duration {
	if a.opts.Patience > 0 {
		return a.opts.Patience
	}
	return a.opts.Drain
}

// drain waits until everything is delivered, but not for a backend that has
// taken nothing for as long as patience, be it before or after the end came:
// whoever ends the agent kills it when that takes too long.
func (s *shipper) drain(deadline time.Time, patience time.Duration) {
	for s.cursor.Stats().Pending.Frames > 0 && time.Now().Before(deadline) {
		if since := s.loop.Stats().Unanswered; !since.IsZero() && time.Since(since) > patience {
			return
		}
		time.Sleep(drainPoll)
	}
}

// sayPending says what an exporter has not delivered.
func (a *Agent) sayPending(s *shipper) {
	p := s.cursor.Stats().Pending
	if p.Frames == 0 {
		return
	}
	a.log.Warn("the agent ends before everything is delivered; the rest waits in the journal and is delivered after the next start",
		"exporter", s.name, "frames", p.Frames, "lines", p.DocLines, "bytes", p.Bytes, "reason", s.loop.Stats().Trouble.Reason)
}
