package shipping

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// attendant sends parked documents again: the oldest bundle of each data
// stream, with a back-off of each stream's own, until it is stored or dead.
type attendant struct {
	policy
	s       *Shipper
	awake   chan struct{}
	hurried atomic.Bool
	streams map[string]*stream
	builder *frame.Builder
}

// stream is how trying goes on for one owner of parked documents.
type stream struct {
	failures int
	next     time.Time
	// most is how many documents go into a request; 0 is all of a bundle.
	most int
}

// parkedInterval bounds the wait between two attempts for a data stream: its
// index is repaired by a person, so haste does not help.
const (
	firstParked = time.Second
	mostParked  = 5 * time.Minute
)

func newAttendant(s *Shipper, p policy) *attendant {
	p.retry = Retry{firstParked, mostParked}
	return &attendant{policy: p, s: s, awake: make(chan struct{}, 1), streams: map[string]*stream{}}
}

// wake says that there are new bundles.
func (a *attendant) wake() {
	select {
	case a.awake <- struct{}{}:
	default:
	}
}

// hurry makes the waits begin anew: somebody says that the cause is gone.
func (a *attendant) hurry() {
	a.hurried.Store(true)
	a.wake()
}

// run tries until ctx ends.
func (a *attendant) run(ctx context.Context) {
	for ctx.Err() == nil {
		a.wait(ctx, a.round(ctx))
	}
}

// wait waits until a time, or forever when that is zero, or for new bundles.
func (a *attendant) wait(ctx context.Context, until time.Time) {
	var due <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-due:
	case <-a.awake:
	case <-ctx.Done():
	}
}

// round tries what is due and returns when the next is; the zero time when
// nothing is parked.
func (a *attendant) round(ctx context.Context) (next time.Time) {
	if a.hurried.Swap(false) {
		clear(a.streams)
	}
	now := time.Now()
	seen := map[string]bool{}
	for _, b := range a.s.o.Park.Bundles(a.s.o.Name) {
		if seen[b.Owner()] || ctx.Err() != nil {
			continue
		}
		st := a.stream(b.Owner(), now)
		if !st.next.After(now) && a.try(ctx, b, st) {
			continue // Settled: the next bundle of this stream has its turn.
		}
		seen[b.Owner()] = true
		if next.IsZero() || st.next.Before(next) {
			next = st.next
		}
	}
	return next
}

// stream is the state of an owner, who begins with a wait. States are few and
// small: one for each data stream that was ever parked.
func (a *attendant) stream(owner string, now time.Time) *stream {
	st := a.streams[owner]
	if st == nil {
		st = &stream{failures: 1, next: now.Add(a.policy.wait(1))}
		a.streams[owner] = st
	}
	return st
}

// try sends a bundle and reports whether nothing of it is left.
func (a *attendant) try(ctx context.Context, b journal.Bundle, st *stream) (settled bool) {
	docs, err := a.s.o.Park.Documents(b)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	before := len(docs)
	if err == nil && a.s.passed(docs) {
		docs, err = a.attempt(ctx, b, docs, st)
	}
	if err != nil && ctx.Err() == nil {
		a.s.o.Logger.Error("parked documents cannot be tried again", "exporter", a.s.o.Name, "stream", b.Owner(), "error", err)
	}
	if err == nil && len(docs) < before {
		st.failures, st.next = 0, time.Now()
		return len(docs) == 0
	}
	st.failures++
	st.next = time.Now().Add(a.policy.wait(st.failures))
	return false
}

// attempt sends the first documents of a bundle and returns those that stay.
func (a *attendant) attempt(ctx context.Context, b journal.Bundle, docs []journal.Refused, st *stream) ([]journal.Refused, error) {
	batch := docs
	if st.most > 0 && st.most < len(docs) {
		batch = docs[:st.most]
	}
	r, err := a.export(ctx, batch)
	if err != nil {
		return docs, err
	}
	a.s.ledger.remarks(r)
	if r, err = a.refit(ctx, batch, r); err != nil {
		return docs, err
	}
	if r.Verdict == TooLarge && len(batch) == 1 {
		r = &Response{Outcomes: []Outcome{Rejected}, Errors: []ItemError{{Status: r.Status, Type: "too_large", Reason: r.Reason}}}
	}
	if r.Verdict != Answered || len(r.Outcomes) != len(batch) {
		// Smaller requests are more likely to be taken, whatever is wrong.
		st.most = max(1, len(batch)/2)
		return docs, nil
	}
	return a.settle(ctx, b, batch, docs[len(batch):], r)
}

// refit sends those that do not fit their index once more, changed, and
// returns what became of all. What is not stored changed either is rejected,
// or stays.
func (a *attendant) refit(ctx context.Context, batch []journal.Refused, r *Response) (*Response, error) {
	var unfit []int
	var changed []journal.Refused
	for i, o := range r.Outcomes {
		if o == Unmappable && a.policy.rewrites {
			d := batch[i]
			d.Document = a.s.rewrite(frame.Doc{Source: d.Document}).Source
			unfit, changed = append(unfit, i), append(changed, d)
		}
	}
	if len(unfit) == 0 || len(r.Outcomes) != len(batch) {
		return r, nil
	}
	again, err := a.export(ctx, changed)
	if err != nil {
		return r, err
	}
	for k, i := range unfit {
		switch {
		case again.Verdict != Answered || len(again.Outcomes) != len(changed):
			r.Outcomes[i] = Busy
		case again.Outcomes[k] == Unmappable:
			r.Outcomes[i] = Rejected
		default:
			r.Outcomes[i] = again.Outcomes[k]
		}
	}
	return r, nil
}

func (a *attendant) export(ctx context.Context, batch []journal.Refused) (*Response, error) {
	sealed := a.pack(batch)
	defer sealed.Release()
	m := &frame.Meta{MaybeSeen: batch[0].MaybeSeen, JournalTime: batch[0].JournalTime}
	return a.s.o.Exporter.Export(ctx, &Request{Parts: []Part{{
		Frame: m, Docs: len(batch), PlainSize: int(sealed.Meta.PlainSize), Payload: sealed.Payload}}})
}

func (a *attendant) pack(batch []journal.Refused) *frame.Sealed {
	if a.builder == nil {
		a.builder = frame.NewBuilder(packLevel)
	}
	for i := range batch {
		a.builder.AddDoc(frame.Doc{Action: batch[i].Action, Source: batch[i].Document})
	}
	return a.builder.Seal(frame.Meta{})
}

// settle keeps what the answer leaves of batch, and all of rest, in the bundle.
func (a *attendant) settle(ctx context.Context, b journal.Bundle, batch, rest []journal.Refused, r *Response) ([]journal.Refused, error) {
	v := sortParked(batch, r)
	all := append(v.left, rest...)
	if len(v.left) == len(batch) {
		return all, nil
	}
	if err := a.bury(ctx, v.dead); err != nil {
		return all, err
	}
	if err := a.s.o.Park.Settle(b, all, v.result); err != nil {
		return all, err
	}
	a.s.ledger.change(func(s *Stats) {
		s.Sent.add(Amount{v.result.Delivered, v.result.DeliveredDocs})
		s.Dead.add(Amount{v.result.Dead, v.result.DeadDocs})
	})
	return all, nil
}

// verdicts are parked documents after an answer.
type verdicts struct {
	left, dead []journal.Refused
	result     journal.Result
}

func sortParked(batch []journal.Refused, r *Response) (v verdicts) {
	why := r.Errors
	for i, o := range r.Outcomes {
		var e ItemError
		if len(why) > 0 && why[0].Doc == i {
			e, why = why[0], why[1:]
		}
		switch lines := uint64(batch[i].Lines); {
		case o <= Exists:
			v.result.Add(journal.Result{Delivered: lines, DeliveredDocs: 1})
		case o >= Rejected:
			v.result.Add(journal.Result{Dead: lines, DeadDocs: 1})
			v.dead = append(v.dead, died(batch[i], e))
		default:
			v.left = append(v.left, batch[i])
		}
	}
	return v
}

// died is a parked document as a dead letter.
func died(d journal.Refused, e ItemError) journal.Refused {
	d.Time, d.Status, d.Type, d.Reason = time.Now(), e.Status, e.Type, e.Reason
	return d
}

func (a *attendant) bury(ctx context.Context, dead []journal.Refused) error {
	if len(dead) == 0 {
		return nil
	}
	if a.s.o.DeadLetter == nil {
		return errors.New("there is no dead-letter store")
	}
	return a.s.o.DeadLetter.Put(ctx, dead)
}
