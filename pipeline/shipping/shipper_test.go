package shipping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is an agent's part behind the lanes: journal, stores and shipper on a
// disk in memory that can lose power.
type node struct {
	t        *testing.T
	disk     *crashfs.FS
	exporter Exporter
	// adjust changes the shipper's options before it starts.
	adjust     func(*Options)
	journal    *journal.Journal
	cursor     *journal.Cursor
	dead, park *journal.Store
	shipper    *Shipper
	builder    *frame.Builder
	stop       func()
	// added are the documents that were journaled, lines their lines.
	added, lines int
}

func newNode(t *testing.T, e Exporter) *node { return newAdjusted(t, e, func(*Options) {}) }

func newAdjusted(t *testing.T, e Exporter, adjust func(*Options)) *node {
	n := &node{t: t, disk: crashfs.New(), exporter: e, adjust: adjust, builder: frame.NewBuilder(1)}
	n.start()
	return n
}

// start opens everything as the agent does, and ships.
func (n *node) start() {
	var err error
	n.journal, err = journal.Open(journal.Options{FS: n.disk, Dir: "d/logs"})
	n.must(err)
	n.cursor, err = n.journal.Cursor("e", journal.CursorOptions{StartAtBeginning: true})
	n.must(err)
	n.dead = n.open("d/deadletter", journal.ByContainer)
	n.park = n.open("d/park", journal.ByIndex)
	o := Options{
		Name: "e", Cursor: n.cursor, Exporter: n.exporter, DeadLetter: n.dead, Park: n.park,
		Flush: Flush{Interval: time.Second, Bytes: 100 << 10}, Retry: Retry{100 * time.Millisecond, 10 * time.Second},
		Logger: slog.New(slog.DiscardHandler),
	}
	n.adjust(&o)
	n.shipper = New(o)
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan error, 1)
	go func() { done <- n.shipper.Run(ctx) }()
	n.stop = func() { cancel(); <-done }
}

func (n *node) open(dir string, owner func(*journal.Refused) string) *journal.Store {
	s, err := journal.OpenStore(journal.StoreOptions{FS: n.disk, Dir: dir, Quota: 8 << 20, Owner: owner})
	n.must(err)
	n.must(s.Rollback("e", n.cursor.Stats().Position))
	return s
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// end stops the node in order.
func (n *node) end() {
	n.stop()
	n.must(n.journal.Close())
	n.must(n.dead.Close())
	n.must(n.park.Close())
}

// losePower ends the node at once and starts it on what the disk kept.
func (n *node) losePower(seed uint64) {
	n.disk.Kill()
	n.stop()
	_ = n.journal.Close()
	_, _ = n.dead.Close(), n.park.Close()
	n.disk = n.disk.Crash(crashfs.LoseSome, seed)
	n.start()
}

// add journals a frame with a document per text, of which every third was made
// of two lines.
func (n *node) add(index string, texts ...string) {
	lines := uint64(0)
	for _, text := range texts {
		of := uint32(1)
		if n.added%3 == 2 {
			of = 2
		}
		n.builder.Var(fmt.Appendf(nil, `{"create":{"_index":%q,"_id":"%d"}}`+"\n"+`{"body":{"text":%q},"resource":{"attributes":{"k8s.namespace.name":"shop"}}}`+"\n", index, n.added, text))
		n.builder.EndDoc(of, 1)
		n.added++
		lines += uint64(of)
	}
	n.lines += int(lines)
	counts := event.Counts{Lines: lines, DocLines: lines, Docs: uint64(len(texts))}
	n.must(n.journal.Append(n.t.Context(), n.builder.Seal(frame.Meta{Class: "default", Counts: counts,
		Sources: []frame.Source{{Namespace: "shop", Counts: counts}}})))
	n.must(n.journal.Flush(n.t.Context()))
}

// drained waits until every frame is passed and nothing is parked, and
// returns what became of all lines.
func (n *node) drained() journal.Result {
	n.t.Helper()
	for range 10_000 {
		if n.cursor.Stats().Pending.Frames == 0 && len(n.park.Bundles("e")) == 0 {
			return n.cursor.Stats().Result
		}
		time.Sleep(time.Second)
	}
	n.t.Fatalf("not drained: %+v", n.shipper.Stats())
	return journal.Result{}
}

// letters counts the documents of a store.
func (n *node) letters(s *journal.Store) int {
	sum := 0
	for _, b := range s.Bundles("e") {
		sum += int(b.Docs)
	}
	return sum
}

// seeds is how many lives a test by chance has: a few in short mode.
func seeds(n uint64) uint64 {
	if testing.Short() {
		return n / 5
	}
	return n
}

// TestEveryDocumentOnce: whatever the backend answers, each document is stored
// once or among the dead letters, and the figures say so in lines.
func TestEveryDocumentOnce(t *testing.T) {
	for seed := range seeds(30) {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(seed)
			b.chance = 0.2
			b.missing["gone"] = true
			b.firstOnly = seed%5 == 0
			n := newNode(t, b)
			defer n.end()
			for f := range 20 {
				n.add("logs", "a", "b", "conflict", "c")
				n.add("gone", "x", "y")
				time.Sleep(time.Duration(f) * 100 * time.Millisecond)
			}
			b.change(func() { b.missing = nil })
			time.Sleep(time.Minute)
			r := n.drained()
			if len(b.docs) != 100 || n.letters(n.dead) != 20 {
				t.Fatalf("seed %d: %d stored and %d dead of %d documents", seed, len(b.docs), n.letters(n.dead), n.added)
			}
			if r.Delivered+r.Dead+r.Parked != uint64(n.lines) || r.DeadDocs != 20 {
				t.Fatalf("seed %d: the cursor counts %+v of %d lines", seed, r, n.lines)
			}
		})
	}
}

// TestPowerLoss: what was acknowledged is delivered once, however often the
// node loses power while documents are stored, parked and buried.
func TestPowerLoss(t *testing.T) {
	for seed := range seeds(10) {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(seed)
			b.chance = 0.1
			b.missing["gone"] = true
			n := newNode(t, b)
			for life := range uint64(8) {
				for range 5 {
					n.add("logs", "a", "conflict", "b")
					n.add("gone", "x")
				}
				time.Sleep(time.Duration(life) * 400 * time.Millisecond)
				n.losePower(seed*100 + life)
			}
			b.change(func() { b.missing = nil })
			if r := n.drained(); r.Delivered+r.Dead+r.Parked != uint64(n.lines) {
				t.Errorf("seed %d: the cursor counts %+v of %d lines", seed, r, n.lines)
			}
			if len(b.docs) != 120 || n.letters(n.dead) != 40 || b.twice == 0 {
				t.Errorf("seed %d: %d stored and %d dead of %d documents, %d sent twice",
					seed, len(b.docs), n.letters(n.dead), n.added, b.twice)
			}
			n.end()
		})
	}
}

// TestFirewall: the one line that a firewall refuses is found among others.
func TestFirewall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(1)
		b.refuses = "DROP TABLE"
		n := newNode(t, b)
		defer n.end()
		texts := make([]string, 200)
		for i := range texts {
			texts[i] = "fine"
		}
		texts[123] = "'; DROP TABLE students"
		n.add("logs", texts...)
		n.add("logs", "later")
		r := n.drained()
		if r.DeadDocs != 1 || len(b.docs) != 200 {
			t.Errorf("the cursor counts %+v, %d stored", r, len(b.docs))
		}
		docs, err := n.dead.Documents(n.dead.Bundles("e")[0])
		n.must(err)
		if docs[0].Type != "refused" || docs[0].Reason != "<html>blocked</html>" || docs[0].Lines != 1 {
			t.Errorf("the dead letter is %+v", docs[0])
		}
	})
}

// TestMemoryIsBounded while a backend is down and the journal grows.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(1)
		b.down = true
		n := newNode(t, b)
		defer n.end()
		for range 100 {
			n.add("logs", strings.Repeat("x", 20<<10))
		}
		time.Sleep(time.Minute)
		// 200 KiB are twice what a request takes.
		if st := n.shipper.Stats(); st.Frames > 11 || st.Held > leastHeld || st.Trouble.Reason != "down" || st.Trouble.Holding {
			t.Errorf("figures %+v", st)
		}
		b.change(func() { b.down = false })
		n.drained()
		st := n.shipper.Stats()
		if st.Trouble != (Trouble{}) || st.Frames != 0 || st.Held != 0 {
			t.Errorf("after the outage: %+v", st)
		}
		if ns := st.Namespaces["shop"]; ns.Sent != uint64(n.lines) {
			t.Errorf("figures of the namespace: %+v of %d lines", ns, n.lines)
		}
	})
}

// TestDrainDoesNotWait for the interval.
func TestDrainDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(1)
		n := newAdjusted(t, b, func(o *Options) { o.Flush.Interval = time.Hour })
		defer n.end()
		start := time.Now()
		n.add("logs", "a")
		time.Sleep(time.Minute)
		if b.requests != 0 {
			t.Error("a frame was sent before the interval was over")
		}
		n.shipper.Drain()
		n.drained()
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("draining took %v", took)
		}
	})
}

// stuckStore fails until it is repaired.
type stuckStore struct {
	Letters
	broken atomic.Bool
}

func (s *stuckStore) Put(ctx context.Context, docs []journal.Refused) error {
	if s.broken.Load() {
		return errors.New("no space left on device")
	}
	return s.Letters.Put(ctx, docs)
}

// TestCursorWaitsForDeadLetters: a document that cannot be kept anywhere holds
// the cursor.
func TestCursorWaitsForDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &stuckStore{}
		store.broken.Store(true)
		n := newAdjusted(t, newBackend(1), func(o *Options) { store.Letters, o.DeadLetter = o.DeadLetter, store })
		defer n.end()
		n.add("logs", "a", "conflict")
		time.Sleep(time.Minute)
		if p := n.cursor.Stats().Position; p != 0 {
			t.Errorf("the cursor moved to %d without a dead letter", p)
		}
		store.broken.Store(false)
		if r := n.drained(); r.DeadDocs != 1 || r.DeliveredDocs != 1 {
			t.Errorf("the cursor counts %+v", r)
		}
	})
}

// TestClassesPassOthers: frames of other classes are not this exporter's, and
// are counted as such.
func TestClassesPassOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(1)
		n := newAdjusted(t, b, func(o *Options) { o.Classes = []string{"other"} })
		defer n.end()
		n.add("logs", "a", "b", "c")
		want := journal.Result{Excluded: uint64(n.lines), ExcludedDocs: 3}
		if r := n.drained(); r != want || len(b.docs) != 0 {
			t.Errorf("%d documents were sent, and the cursor counts %+v; want %+v", len(b.docs), r, want)
		}
	})
}
