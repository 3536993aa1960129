package shipping

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// crowd is a backend whose answers take a time by chance, so that they come in
// any order. It watches what is in flight.
type crowd struct {
	*backend
	mu sync.Mutex
	// flying are the documents of requests without an answer, most how many
	// requests there were at a time.
	flying map[string]bool
	most   int
	now    int
	wrong  []string
	// longest bounds the time of an answer.
	longest time.Duration
}

func newCrowd(seed uint64) *crowd {
	return &crowd{backend: newBackend(seed), flying: map[string]bool{}, longest: 3 * time.Second}
}

// Export implements Exporter.
func (c *crowd) Export(ctx context.Context, req *Request) (*Response, error) {
	ids := c.enter(req)
	defer c.leave(ids)
	// Half of the time passes before the documents are stored.
	if !c.idle(ctx) {
		return nil, context.Cause(ctx)
	}
	r, err := c.backend.Export(ctx, req)
	c.idle(ctx)
	return r, err
}

func (c *crowd) idle(ctx context.Context) bool {
	c.backend.mu.Lock()
	d := rand.N(c.longest / 2) // Any order is as good: the seed is for the faults.
	c.backend.mu.Unlock()
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *crowd) enter(req *Request) []string {
	docs, err := inflate(req.Parts)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.wrong = append(c.wrong, err.Error())
	}
	var ids []string
	for _, d := range docs {
		id := string(d.Action)
		if c.flying[id] {
			c.wrong = append(c.wrong, id+" is in two requests at a time")
		}
		c.flying[id] = true
		ids = append(ids, id)
	}
	c.now++
	c.most = max(c.most, c.now)
	return ids
}

func (c *crowd) leave(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.flying, id)
	}
	c.now--
}

// keeper is a store that remembers what it has kept.
type keeper struct {
	Lot
	mu   *sync.Mutex
	kept map[string]bool
}

// Put implements Letters.
func (k keeper) Put(ctx context.Context, docs []journal.Refused) error {
	err := k.Lot.Put(ctx, docs)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range docs {
		k.kept[string(docs[i].Action)] = err == nil
	}
	return err
}

// settled says whether documents first to last-1 have a place.
func (c *crowd) settled(kept keeper, first, last int) error {
	c.backend.mu.Lock()
	defer c.backend.mu.Unlock()
	kept.mu.Lock()
	defer kept.mu.Unlock()
	for i := first; i < last; i++ {
		one, other := actionOf("logs", i), actionOf("gone", i)
		if c.docs[one] == "" && c.docs[other] == "" && !kept.kept[one] && !kept.kept[other] {
			return fmt.Errorf("document %d is neither stored nor kept", i)
		}
	}
	return nil
}

// actionOf is the action of document i in node.add.
func actionOf(index string, i int) string {
	return fmt.Sprintf(`{"create":{"_index":%q,"_id":"%d"}}`, index, i)
}

// strictCursor fails the test when it is moved past a document that is nowhere.
type strictCursor struct {
	Cursor
	t     *testing.T
	kept  keeper
	crowd *crowd
	// passed counts the documents of the frames that were passed, last is the
	// number of the last frame.
	passed int
	last   uint64
}

func (s *strictCursor) Advance(f *journal.Frame, r journal.Result) error {
	if f.Meta.Seq <= s.last {
		s.t.Errorf("the cursor moves to frame %d after frame %d", f.Meta.Seq, s.last)
	}
	first := s.passed
	s.last = f.Meta.Seq
	s.passed += int(f.Meta.Docs)
	if err := s.crowd.settled(s.kept, first, s.passed); err != nil {
		s.t.Errorf("the cursor moves past frame %d: %v", f.Meta.Seq, err)
	}
	return s.Cursor.Advance(f, r)
}

// TestRequestsInFlight: whatever is answered to several requests at a time,
// and in whatever order, the cursor passes no frame that is not settled, no
// document is in two requests at once, and everything is settled in the end.
func TestRequestsInFlight(t *testing.T) {
	crowded := 0
	for seed := range seeds(16) {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(seed)
			c.chance = 0.05 * float64(seed%4)
			c.missing["gone"] = true
			c.firstOnly = seed%7 == 3
			n := newAdjusted(t, c, func(o *Options) {
				o.InFlight = 1 + int(seed%8)
				o.Flush.Bytes = 300
				kept := keeper{o.Park, &sync.Mutex{}, map[string]bool{}}
				o.Cursor = &strictCursor{Cursor: o.Cursor, t: t, kept: kept, crowd: c}
				dead := kept
				dead.Lot = o.DeadLetter.(*journal.Store)
				o.Park, o.DeadLetter = kept, dead
			})
			defer n.end()
			for f := range 40 {
				n.add("logs", "a", "b", "conflict", "c")
				if f%5 == 0 {
					n.add("gone", "x", "y")
				}
				time.Sleep(time.Duration(f%4) * 200 * time.Millisecond)
			}
			c.change(func() { c.missing = nil })
			time.Sleep(time.Minute)
			r := n.drained()
			if got := len(c.docs) + n.letters(n.dead); got != n.added || r.DeadDocs != 40 {
				t.Errorf("seed %d: %d of %d documents have a place, %d are dead", seed, got, n.added, r.DeadDocs)
			}
			for _, w := range c.wrong {
				t.Errorf("seed %d: %s", seed, w)
			}
			if c.most > 2+int(seed%8) { // One more for what is parked.
				t.Errorf("seed %d: %d requests at a time", seed, c.most)
			}
			if c.most > 2 {
				crowded++
			}
		})
	}
	if crowded == 0 {
		t.Error("no life had more than two requests in flight: the test shows nothing")
	}
}

// stuckFirst does not answer the first request after stick is set.
type stuckFirst struct {
	*backend
	stick atomic.Bool
	freed chan struct{}
}

// Export implements Exporter.
func (s *stuckFirst) Export(ctx context.Context, req *Request) (*Response, error) {
	if s.stick.Swap(false) {
		select {
		case <-s.freed:
		case <-ctx.Done():
		}
	}
	return s.backend.Export(ctx, req)
}

// TestASlowRequestHoldsUpNoOther: while one request is not answered, others
// go on, as far as memory allows, and the cursor waits.
func TestASlowRequestHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &stuckFirst{backend: newBackend(1), freed: make(chan struct{})}
		n := newAdjusted(t, b, func(o *Options) { o.InFlight, o.Flush.Interval = 4, 0 })
		defer n.end()
		n.add("logs", "warm up")
		n.drained()
		b.stick.Store(true)
		for range 20 {
			n.add("logs", "a", "b")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		stored := 0
		b.change(func() { stored = len(b.docs) })
		if stored != 1+19*2 {
			t.Errorf("%d documents are stored beside the request that is not answered, want 39", stored)
		}
		if st := n.shipper.Stats(); st.InFlight != 1 || n.cursor.Stats().Pending.Frames != 20 {
			t.Errorf("%d in flight and %d frames pending, want 1 and 20", st.InFlight, n.cursor.Stats().Pending.Frames)
		}
		close(b.freed)
		n.drained()
	})
}
