package shipping

import (
	"context"
	"fmt"
	"time"
)

// send sends fragments and does what the core makes of the answer.
func (s *Shipper) send(ctx context.Context, sent []*fragment) error {
	r, err := s.export(ctx, sent)
	if err != nil {
		return err
	}
	before := s.core.trouble
	d := s.core.decide(time.Now(), sent, r)
	s.report(before)
	if err := s.place(ctx, d.dead, s.o.DeadLetter); err != nil {
		return err
	}
	if err := s.place(ctx, d.parked, s.o.Park); err != nil {
		return err
	}
	d.placed()
	for _, f := range sent {
		if f.flight.left == 0 {
			s.giveSpare(f.flight)
		}
	}
	return nil
}

// export makes the request and sends it. It fails only when ctx ends.
func (s *Shipper) export(ctx context.Context, sent []*fragment) (*Response, error) {
	req, done, err := s.request(sent)
	if err != nil {
		return &Response{Reason: "a frame cannot be read again: " + err.Error(), Verdict: Unavailable}, nil
	}
	defer done()
	s.count(sent, req)
	r, err := s.o.Exporter.Export(ctx, req)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return &Response{Reason: err.Error(), Verdict: Unavailable}, nil
	}
	return r, nil
}

func (s *Shipper) count(sent []*fragment, req *Request) {
	bytes, again := 0, 0
	for i, f := range sent {
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
	})
}

// report tells people when an exporter begins to hold and when it goes on.
func (s *Shipper) report(before Trouble) {
	now := s.core.trouble
	s.ledger.change(func(st *Stats) {
		st.Trouble, st.Single = now, s.core.single
		if now.Reason != "" {
			st.FailedRequests++
		}
	})
	switch {
	case now.Reason == before.Reason && now.Holding == before.Holding:
	case now.Reason == "":
		s.o.Logger.Info("delivery goes on", "exporter", s.o.Name, "after", time.Since(before.Since).Round(time.Millisecond))
	case now.Holding:
		s.o.Logger.Error("delivery holds; nothing is lost", "exporter", s.o.Name, "reason", now.Reason, "cure", now.Cure)
	default:
		s.o.Logger.Warn("delivery failed and is tried again", "exporter", s.o.Name, "reason", now.Reason)
	}
}

// place makes losses durable elsewhere. It tries until it succeeds or ctx
// ends: without it the cursor must not move.
func (s *Shipper) place(ctx context.Context, losses []loss, to Letters) error {
	for len(losses) > 0 {
		f, n := losses[0].flight, 1
		for n < len(losses) && losses[n].flight == f {
			n++
		}
		if err := s.put(ctx, f, losses[:n], to); err != nil {
			return err
		}
		losses = losses[n:]
	}
	return nil
}

// put makes losses of one flight durable in one place.
func (s *Shipper) put(ctx context.Context, f *flight, losses []loss, to Letters) error {
	if to == nil {
		return fmt.Errorf("exporter %s: a document was refused (%s) and there is no dead-letter store to keep it in",
			s.o.Name, losses[0].why.Reason)
	}
	for {
		letters, err := s.write(f, losses)
		if err == nil {
			err = to.Put(ctx, letters)
		}
		switch {
		case err == nil:
			f.stray(letters, to == s.o.DeadLetter)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		s.o.Logger.Error("refused documents cannot be kept; delivery waits", "exporter", s.o.Name, "error", err)
		if err := sleep(ctx, storeRetry); err != nil {
			return err
		}
	}
}

// stray counts letters by namespace.
func (f *flight) stray(letters []Letter, dead bool) {
	if f.strayed == nil {
		f.strayed = map[string]NamespaceLines{}
	}
	for i := range letters {
		n := f.strayed[letters[i].Namespace]
		if dead {
			n.Dead += uint64(letters[i].Lines)
		} else {
			n.Parked += uint64(letters[i].Lines)
		}
		f.strayed[letters[i].Namespace] = n
	}
}
