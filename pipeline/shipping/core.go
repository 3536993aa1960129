package shipping

import (
	"slices"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// policy are the core's constants.
type policy struct {
	flush Flush
	retry Retry
	// jitter chooses the wait whose ceiling is given.
	jitter func(ceiling time.Duration) time.Duration
	// inFlight is how many requests may be without an answer at a time.
	inFlight int
	// oneFrame sends each frame in a request of its own.
	oneFrame bool
	// parks says that documents can wait apart from their frame, rewrites that
	// they can be changed when they do not fit.
	parks, rewrites bool
}

const (
	// patience is how often a frame may draw the same unclear answer before
	// it is sent alone and bisected.
	patience = 5
	// leafPatience is how often a single document must draw it, while others
	// are stored, before it is given up.
	leafPatience = 3
	// miscountPatience is how often a request of a single frame may be
	// answered with a wrong number of items before the exporter holds.
	miscountPatience = 3
	// parkAfter is how long an index may be busy, while documents of others
	// are stored, before its documents are parked.
	parkAfter = 30 * time.Second
	// longestOutage bounds the wait for a backend that is overloaded or away,
	// so that delivery is back soon after it is. Asking it that often costs
	// little: requests are few and small by then.
	longestOutage = time.Second
	// leastLimit is how small overload makes requests of several frames, and
	// leastSplit how small parts of a frame.
	leastLimit = 64 << 10
	leastSplit = 8 << 10
)

// core decides what is sent when and what becomes of documents. It has no
// clock and does no I/O: callers pass the time and carry out what it decides.
type core struct {
	policy
	// flights are the frames taken from the cursor, in its order; done ones
	// leave from the front.
	flights []*flight
	// queue are the fragments of flights that are to be sent, by turn.
	queue []*fragment

	// answers counts answers in which a document was stored: what tells that
	// the backend takes others while it refuses one.
	answers uint64
	// failures counts whole requests that failed in a row, those that were in
	// flight together once: up to the one with number failed. notBefore is the
	// end of the wait after the last.
	failures  int
	failed    uint64
	notBefore time.Time
	// barren counts refusals of lone fragments since a document was stored.
	barren int

	// miscounts counts answers to single frames in a row that have a wrong
	// number of items.
	miscounts int
	// limit are the plain bytes that a request may have now; hard says that
	// larger ones were refused for their size. Up to ease it grows fast.
	limit, ease int
	hard        bool
	// window bounds the requests in flight.
	window window
	// draining sends what is there without waiting for more.
	draining bool

	trouble Trouble
}

// flight is a frame on its way.
type flight struct {
	docs, plain int
	// joined lists the documents that were made of more than one line.
	joined []frame.Joined
	// left counts the documents that have no final place yet.
	left int
	// counts are documents by their final place.
	counts places

	// What follows is the shipper's: the frame, its payload, and lines of
	// documents that were not stored, by namespace.
	source  *journal.Frame
	payload []byte
	strayed map[string]NamespaceLines
	// lost says that the disk did not keep it, excluded that its class is not
	// for this exporter, skipped that a full journal has passed it.
	lost, excluded, skipped bool
}

// result is what the cursor stores of the flight.
func (f *flight) result() journal.Result {
	lines, docs := f.source.Meta.Counts.DocLines, uint64(f.source.Meta.Docs)
	switch {
	case f.lost:
		return journal.Result{Lost: lines, LostDocs: docs}
	case f.excluded:
		return journal.Result{Excluded: lines, ExcludedDocs: docs}
	}
	c := &f.counts
	return journal.Result{
		Delivered: c.stored.Lines, DeliveredDocs: c.stored.Docs,
		Dead: c.dead.Lines, DeadDocs: c.dead.Docs,
		Parked: c.parked.Lines, ParkedDocs: c.parked.Docs,
	}
}

// amount is one document with its lines.
func (f *flight) amount(doc int) Amount { return Amount{Lines: f.lines(doc), Docs: 1} }

// lines is of how many lines a document was made.
func (f *flight) lines(doc int) uint64 {
	i, found := slices.BinarySearchFunc(f.joined, doc, func(j frame.Joined, doc int) int { return int(j.Doc) - doc })
	if !found {
		return 1
	}
	return uint64(f.joined[i].Lines)
}

// fragment is a set of a flight's documents that are sent together.
type fragment struct {
	flight *flight
	// docs are the numbers of the documents in the frame; nil means all.
	docs []int
	// ready is when it may be sent, due when it must.
	ready, due time.Time

	// sent says that it was sent before.
	sent bool
	// tries counts answers that left documents of it over, since is when the
	// first was.
	tries int
	since time.Time
	// before is core.answers when it was refused first.
	before uint64

	// rewritten says that its documents did not fit and are sent changed.
	rewritten bool
	// alone says that it is sent in a request of its own.
	alone bool
	// refusals counts equal unclear answers in a row, by their signature.
	refusals  int
	signature string
}

func (f *fragment) count() int {
	if f.docs == nil {
		return f.flight.docs
	}
	return len(f.docs)
}

// size is about the plain bytes of the fragment.
func (f *fragment) size() int {
	return int(int64(f.flight.plain) * int64(f.count()) / int64(max(1, f.flight.docs)))
}

// doc is the number in the frame of the fragment's i-th document.
func (f *fragment) doc(i int) int {
	if f.docs == nil {
		return i
	}
	return f.docs[i]
}

// batch is what one request has.
type batch struct {
	fragments []*fragment
	// size is about its plain bytes; large says that it is a measure of what
	// the backend can do.
	size  int
	large bool
	// number counts requests; beside is how many were in flight with it, and
	// fills says that no more were allowed.
	number uint64
	beside int
	fills  bool
	// at is when it was sent.
	at time.Time
}

func (b *batch) docs() int {
	n := 0
	for _, f := range b.fragments {
		n += f.count()
	}
	return n
}

func newCore(p policy) *core {
	return &core{policy: p, limit: p.flush.Bytes, window: newWindow(p.inFlight)}
}

// add takes a frame that was read from the cursor.
func (c *core) add(f *flight, now time.Time) {
	f.left = f.docs
	c.flights = append(c.flights, f)
	if f.docs > 0 {
		c.queue = append(c.queue, &fragment{flight: f, ready: now, due: now.Add(c.flush.Interval)})
	}
}

// landed removes the oldest flight when all of its documents have a place.
func (c *core) landed() *flight {
	if len(c.flights) == 0 || c.flights[0].left > 0 {
		return nil
	}
	f := c.flights[0]
	c.flights = slices.Delete(c.flights, 0, 1)
	return f
}

// next is what to do now: send a batch, whose fragments leave the queue, or,
// when there is none, wait until a time; the zero time means for a frame or an
// answer.
func (c *core) next(now time.Time) (*batch, time.Time) {
	if !c.window.open() {
		return nil, time.Time{}
	}
	if now.Before(c.notBefore) {
		return nil, c.notBefore
	}
	due, size := c.survey(now)
	if due.IsZero() || due.After(now) && size < c.limit && !(c.draining && size > 0) {
		return nil, due
	}
	b := &batch{fragments: c.take(now), at: now}
	b.size = sizeOf(b.fragments)
	b.large = 2*b.size >= c.flush.Bytes
	c.window.send(b)
	return b, time.Time{}
}

// survey is when the first fragment is due, and how many plain bytes may be
// sent now.
func (c *core) survey(now time.Time) (due time.Time, size int) {
	for _, f := range c.queue {
		if due.IsZero() || f.due.Before(due) {
			due = f.due
		}
		if !f.ready.After(now) {
			size += max(1, f.size())
		}
	}
	return due, size
}

// take removes the fragments of the next request from the queue: the first
// that is ready and, unless it goes alone, others up to the limit.
func (c *core) take(now time.Time) []*fragment {
	c.split(now)
	var taken []*fragment
	size := 0
	c.queue = slices.DeleteFunc(c.queue, func(f *fragment) bool {
		if f.ready.After(now) || len(taken) > 0 && !c.joins(taken[0], f, size) {
			return false
		}
		taken, size = append(taken, f), size+f.size()
		return true
	})
	return taken
}

// split halves the next fragment until it is near a hard limit.
func (c *core) split(now time.Time) {
	for i := 0; c.hard && i < len(c.queue); {
		f := c.queue[i]
		switch {
		case f.ready.After(now):
			i++
		case f.count() > 1 && f.size() > 2*c.limit:
			c.queue = slices.Replace(c.queue, i, i+1, f.halves()...)
		default:
			return
		}
	}
}

// joins says whether f may be in one request with first and others, size
// bytes together.
func (c *core) joins(first, f *fragment, size int) bool {
	return !c.oneFrame && !first.alone && !f.alone && size+f.size() <= c.limit
}

// requeue puts fragments back in front, as they were.
func (c *core) requeue(sent []*fragment) { c.queue = slices.Insert(c.queue, 0, sent...) }

// postpone puts fragments back in front, which wait with everything else.
func (c *core) postpone(sent []*fragment) {
	for _, f := range sent {
		f.ready = c.notBefore
		f.due = f.ready
	}
	c.requeue(sent)
}

// backOff makes every request wait after the failure of b, longer after each
// in a row. An answer that stores documents ends the wait for those that have
// not failed.
func (c *core) backOff(now time.Time, b *batch, r *Response) {
	least := r.RetryAfter
	if b.number > c.failed {
		c.failures++
		c.failed = c.window.sent
		least = max(least, c.waitAtMost(c.failures, c.longest(r.Verdict)))
	}
	if until := now.Add(least); until.After(c.notBefore) {
		c.notBefore = until
	}
}

// longest is the longest wait after an answer.
func (p *policy) longest(v Verdict) time.Duration {
	if v == Unavailable {
		return min(p.retry.MaxInterval, longestOutage)
	}
	return p.retry.MaxInterval
}

// wait is the jittered wait after the n-th failure.
func (p *policy) wait(n int) time.Duration { return p.waitAtMost(n, p.retry.MaxInterval) }

func (p *policy) waitAtMost(n int, longest time.Duration) time.Duration {
	ceiling := p.retry.InitialInterval
	for i := 1; i < n && ceiling < longest; i++ {
		ceiling *= 2
	}
	return p.jitter(min(ceiling, longest))
}
