package shipping

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// loss is a document that leaves the frame otherwise than by being stored.
type loss struct {
	flight *flight
	doc    int
	why    ItemError
}

// decision is what an answer makes of documents. The caller puts dead and
// parked ones in their durable places and then calls placed. Those of rewrite
// are sent again, changed.
type decision struct{ dead, parked, rewrite []loss }

// placed counts the documents of d as done.
func (d *decision) placed() {
	for _, l := range d.dead {
		l.flight.left--
		l.flight.counts.dead.add(l.flight.amount(l.doc))
	}
	for _, l := range d.parked {
		l.flight.left--
		l.flight.counts.parked.add(l.flight.amount(l.doc))
	}
}

// decide takes the answer to a batch that next gave.
func (c *core) decide(now time.Time, b *batch, r *Response) decision {
	c.window.answered()
	c.cutOff(b, r.Parts)
	switch r.Verdict {
	case Answered:
		return c.answered(now, b, r)
	case TooLarge:
		return c.tooLarge(b, r)
	case Miscounted:
		c.miscounted(now, b, r)
	case Unclear:
		return c.unclear(now, b, r)
	case Denied:
		c.troubled(now, true, r)
		c.backOff(now, b, r)
		c.postpone(b.fragments)
	default:
		c.troubled(now, false, r)
		c.backOff(now, b, r)
		c.postpone(c.relieve(b, r))
	}
	return decision{}
}

// cutOff puts back what was not sent of a batch: all behind its first parts.
func (c *core) cutOff(b *batch, parts int) {
	if parts == 0 || parts >= len(b.fragments) {
		return
	}
	c.requeue(b.fragments[parts:])
	b.fragments = b.fragments[:parts]
	b.size = sizeOf(b.fragments)
	b.large = false
}

// troubled notes why nothing moves; the first of equal troubles gives the time.
func (c *core) troubled(now time.Time, holding bool, r *Response) {
	t := Trouble{Holding: holding, Reason: r.Reason, Cure: r.Cure, Since: now, kind: r.Signature}
	if t.kind == "" {
		t.kind = r.Reason
	}
	if c.trouble.kind == t.kind {
		t.Since = c.trouble.Since
	}
	c.trouble = t
}

// progress notes that the backend stores documents.
func (c *core) progress() {
	c.answers++
	c.barren, c.miscounts, c.failures = 0, 0, 0
	c.notBefore = time.Time{}
	c.trouble = Trouble{}
	step := c.limit/8 + 1
	if c.limit < c.ease {
		step = c.limit
	}
	c.limit = min(c.flush.Bytes, c.limit+step)
	c.hard = c.hard && c.limit < c.flush.Bytes
}

// relieve asks less of an overloaded backend: fewer requests at once, then
// fewer frames in one, and now and then half a frame, since a request may be
// more than it ever admits (Elasticsearch's indexing pressure counts a
// request's bytes against a limit).
func (c *core) relieve(b *batch, r *Response) []*fragment {
	c.window.shrink(b)
	sent := b.fragments
	if r.Status != statusTooMany || b.beside > 1 {
		return sent
	}
	if c.failures == 1 {
		c.ease = b.size / 2
	}
	c.limit = max(min(c.limit, leastLimit), min(c.limit, b.size/2))
	if f := sent[0]; len(sent) == 1 && f.count() > 1 && b.size > leastSplit && c.failures%patience == 0 {
		c.limit = min(c.limit, b.size/2)
		return f.halves()
	}
	return sent
}

// statusTooMany is Too Many Requests (RFC 6585, 4).
const statusTooMany = 429

// tooLarge makes requests smaller: first by fewer frames, then by splitting
// the frame, down to a document that nobody takes. Success lets the limit grow
// again.
func (c *core) tooLarge(b *batch, r *Response) decision {
	c.limit, c.hard, c.ease = max(1, min(c.limit, b.size/2)), true, 0
	f := b.fragments[0]
	switch {
	case len(b.fragments) > 1:
		c.requeue(b.fragments)
	case f.count() > 1:
		c.requeue(f.halves())
	default:
		return decision{dead: []loss{f.loss(0, ItemError{Status: r.Status, Type: "too_large", Reason: r.Reason})}}
	}
	return decision{}
}

func sizeOf(sent []*fragment) int {
	n := 0
	for _, f := range sent {
		n += f.size()
	}
	return n
}

func (f *fragment) loss(i int, why ItemError) loss { return loss{f.flight, f.doc(i), why} }

// halves are two fragments with f's documents and state.
func (f *fragment) halves() []*fragment {
	docs := f.docs
	if docs == nil {
		docs = make([]int, f.flight.docs)
		for i := range docs {
			docs[i] = i
		}
	}
	a, b := *f, *f
	a.docs, b.docs = docs[:len(docs)/2:len(docs)/2], docs[len(docs)/2:]
	return []*fragment{&a, &b}
}

// miscounted sends again what was answered with a wrong number of items. What
// does not understand several gzip members in one body answers for the first
// only, and the exporter sends it no more than that from then on.
func (c *core) miscounted(now time.Time, b *batch, r *Response) {
	if len(b.fragments) == 1 {
		c.miscounts++
	}
	c.troubled(now, c.miscounts >= miscountPatience, r)
	c.backOff(now, b, r)
	c.postpone(b.fragments)
}

// unclear sends the same again, until fragments that draw the same answer are
// found out by sending them alone and bisecting them.
func (c *core) unclear(now time.Time, b *batch, r *Response) decision {
	for _, f := range b.fragments {
		f.refuse(r.Signature, c.answers)
	}
	if f := b.fragments[0]; len(b.fragments) == 1 && f.alone {
		return c.bisect(now, f, r)
	}
	c.troubled(now, false, r)
	c.backOff(now, b, r)
	c.postpone(b.fragments)
	return decision{}
}

func (f *fragment) refuse(signature string, answers uint64) {
	if f.signature != signature {
		f.signature, f.refusals, f.before = signature, 0, answers
	}
	f.refusals++
	f.alone = f.alone || f.refusals >= patience
}

// bisect halves a lone fragment that was refused. A single document is given
// up when it was refused several times and others were stored in between. When
// nothing at all is stored the fault is not in the documents: they are joined
// again and the exporter holds.
func (c *core) bisect(now time.Time, f *fragment, r *Response) decision {
	c.barren++
	f.ready = now.Add(c.wait(1))
	f.due = f.ready
	switch {
	case c.barren > 2*bits.Len(uint(f.flight.docs))+leafPatience:
		c.rejoin(now, f, r)
	case f.count() > 1:
		for _, half := range f.halves() {
			half.refusals, half.before = 0, c.answers
			c.queue = append(c.queue, half)
		}
	case f.refusals >= leafPatience && f.before < c.answers:
		return decision{dead: []loss{f.loss(0, ItemError{Status: r.Status, Type: "refused", Reason: r.Raw})}}
	default:
		c.queue = append(c.queue, f)
	}
	return decision{}
}

// rejoin makes one fragment of all that are left of f's flight and lets others
// go first.
func (c *core) rejoin(now time.Time, f *fragment, r *Response) {
	c.troubled(now, true, &Response{
		Reason: "every request is refused: " + r.Reason,
		Cure:   "find out what stands between this node and the backend and answers in its place",
	})
	docs := slices.Clone(f.docs)
	c.queue = slices.DeleteFunc(c.queue, func(o *fragment) bool {
		if o.flight != f.flight || o.rewritten != f.rewritten {
			return false
		}
		docs = append(docs, o.docs...)
		return true
	})
	slices.Sort(docs)
	if f.docs = docs; len(docs) == f.flight.docs && !f.rewritten {
		f.docs = nil
	}
	f.ready = now.Add(c.retry.MaxInterval)
	f.due = f.ready
	c.queue = append(c.queue, f)
}

// answered sorts the documents by their outcomes.
func (c *core) answered(now time.Time, b *batch, r *Response) decision {
	if len(r.Outcomes) != b.docs() {
		c.miscounted(now, b, &Response{Verdict: Miscounted, Reason: fmt.Sprintf(
			"the exporter gave %d outcomes for %d documents", len(r.Outcomes), b.docs())})
		return decision{}
	}
	s := sorter{core: c, now: now, response: r, errors: r.Errors}
	s.stores = slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o <= Exists })
	if s.stores {
		c.progress()
	}
	for _, f := range b.fragments {
		s.fragment(f)
	}
	c.adapt(now, b, &s)
	c.stalled(now, b, &s)
	return s.decision
}

// adapt changes the window: an answer that leaves most documents for later is
// a refusal.
func (c *core) adapt(now time.Time, b *batch, s *sorter) {
	switch docs := len(s.response.Outcomes); {
	case 2*s.busy > docs:
		c.window.shrink(b)
	case s.busy == 0 && s.stores:
		c.window.taken(b, now.Sub(b.at))
	}
}

// stalled slows everything down when an answer placed no document at all.
func (c *core) stalled(now time.Time, b *batch, s *sorter) {
	if s.placed > 0 || s.stuck == nil {
		return
	}
	c.troubled(now, s.refused, &Response{
		Reason: fmt.Sprintf("every document is refused: %d %s: %s", s.stuck.Status, s.stuck.Type, s.stuck.Reason),
		Cure: cmp.Or(s.response.Cure,
			"see whether the index exists, is not blocked, and the credentials may create documents in it"),
	})
	c.backOff(now, b, s.response)
}
