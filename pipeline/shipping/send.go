package shipping

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// send sends a batch. Its answer comes to the inbox.
func (s *Shipper) send(ctx context.Context, b *batch) {
	req, done, err := s.request(b.fragments)
	if err != nil {
		s.inbox.put(answer{b, &Response{Reason: "a frame cannot be read again: " + err.Error(), Verdict: Unavailable}, func() {}})
		return
	}
	s.count(b, req)
	s.requests.Go(func() {
		r, err := s.o.Exporter.Export(ctx, req)
		switch {
		case ctx.Err() != nil:
			return // Nobody waits for it any more.
		case err != nil:
			r = &Response{Reason: err.Error(), Verdict: Unavailable}
		}
		s.inbox.put(answer{b, r, done})
	})
}

// settle does what the core makes of the answers that have come.
func (s *Shipper) settle(ctx context.Context) error {
	for _, a := range s.inbox.take() {
		a.done()
		if err := s.receive(ctx, a.batch, a.response); err != nil {
			return err
		}
	}
	return nil
}

// receive makes one answer come true.
func (s *Shipper) receive(ctx context.Context, b *batch, r *Response) error {
	before, sent := s.core.trouble, b.fragments
	d := s.core.decide(time.Now(), b, r)
	s.report(before, r)
	s.ledger.remarks(r)
	s.countRewritten(d.rewrite)
	if err := s.place(ctx, d.dead, s.deadLetters()); err != nil {
		return err
	}
	if err := s.place(ctx, d.parked, s.parkingLot()); err != nil {
		return err
	}
	if len(d.parked) > 0 {
		s.lot.wake()
	}
	d.placed()
	for _, f := range sent {
		if f.flight.left == 0 {
			s.giveSpare(f.flight)
		}
	}
	return nil
}

func (s *Shipper) count(b *batch, req *Request) {
	bytes, again := 0, 0
	for i, f := range b.fragments {
		bytes += len(req.Parts[i].Payload)
		if f.sent {
			again += f.count()
		}
		f.sent = true
	}
	s.ledger.change(func(st *Stats) {
		st.Requests++
		st.Bytes += uint64(bytes)
		st.Retries += uint64(again)
		st.InFlight = s.core.window.inFlight
		if st.Unanswered.IsZero() {
			st.Unanswered = time.Now()
		}
	})
}

// report tells people when an exporter begins to hold and when it goes on.
func (s *Shipper) report(before Trouble, r *Response) {
	now := s.core.trouble
	s.ledger.change(func(st *Stats) {
		st.Trouble, st.Single = now, r.Parts > 0
		st.InFlight, st.Window = s.core.window.inFlight, s.core.window.limit()
		switch {
		case now.Reason != "":
			st.FailedRequests++
		case st.InFlight > 0:
			st.Unanswered = time.Now()
		default:
			st.Unanswered = time.Time{}
		}
	})
	switch {
	case now.kind == before.kind && now.Holding == before.Holding:
	case now.Reason == "":
		s.o.Logger.Info("delivery goes on", "exporter", s.o.Name, "after", time.Since(before.Since).Round(time.Millisecond))
	case now.Holding:
		s.o.Logger.Error("delivery holds; nothing is lost", "exporter", s.o.Name, "reason", now.Reason, "cure", now.Cure)
	case now.Cure != "":
		s.o.Logger.Warn("delivery failed and is tried again", "exporter", s.o.Name, "reason", now.Reason, "cure", now.Cure)
	default:
		s.o.Logger.Warn("delivery failed and is tried again", "exporter", s.o.Name, "reason", now.Reason)
	}
}

// place makes losses durable elsewhere. It tries until it succeeds or ctx
// ends: without it the cursor must not move.
func (s *Shipper) place(ctx context.Context, losses []loss, to *destination) error {
	for f, some := range byFlight(losses) {
		if err := s.put(ctx, f, some, to); err != nil {
			return err
		}
	}
	return nil
}

// byFlight parts losses, which come frame by frame.
func byFlight(losses []loss) iter.Seq2[*flight, []loss] {
	return func(yield func(*flight, []loss) bool) {
		for len(losses) > 0 {
			f, n := losses[0].flight, 1
			for n < len(losses) && losses[n].flight == f {
				n++
			}
			if !yield(f, losses[:n]) {
				return
			}
			losses = losses[n:]
		}
	}
}

// destination is a store for documents that leave their frame.
type destination struct {
	letters Letters
	// count adds lines to where they are in the figures of a namespace.
	count func(n *NamespaceLines, lines uint64)
}

func (s *Shipper) deadLetters() *destination {
	return &destination{s.o.DeadLetter, func(n *NamespaceLines, lines uint64) { n.Dead += lines }}
}

func (s *Shipper) parkingLot() *destination {
	return &destination{s.o.Park, func(n *NamespaceLines, lines uint64) { n.Parked += lines }}
}

// put makes losses of one flight durable in one place.
func (s *Shipper) put(ctx context.Context, f *flight, losses []loss, to *destination) error {
	if to.letters == nil {
		return fmt.Errorf("exporter %s: a document was refused (%s) and there is no dead-letter store to keep it in",
			s.o.Name, losses[0].why.Reason)
	}
	for {
		entries, err := s.refused(f, losses)
		if err == nil {
			err = to.letters.Put(ctx, entries)
		}
		if err == nil {
			f.stray(entries, to.count)
			return nil
		}
		s.o.Logger.Error("refused documents cannot be kept; delivery waits", "exporter", s.o.Name, "error", err)
		if err := sleep(ctx, storeRetry); err != nil {
			return err
		}
	}
}

// stray counts documents that leave the flight by namespace.
func (f *flight) stray(entries []journal.Refused, count func(*NamespaceLines, uint64)) {
	if f.strayed == nil {
		f.strayed = map[string]NamespaceLines{}
	}
	for i := range entries {
		n := f.strayed[entries[i].Namespace]
		count(&n, uint64(entries[i].Lines))
		f.strayed[entries[i].Namespace] = n
	}
}
