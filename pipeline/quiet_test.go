package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/receivers/pods"
)

// mostAtRest is what a file may cost of the heap that was read and has nothing
// more, in bytes. Names, one of about 120 bytes for its path and one for its
// chain, are a part of it.
const mostAtRest = 4500

// A node may have ten thousand logs that nobody writes to.
func TestAFileAtRestCostsLittle(t *testing.T) {
	// The first files have everything made that is made once.
	const first, more = 200, 1000
	q := newQuietNode(t)
	q.run(0, first)
	before := liveHeap()
	q.run(first, first+more)
	each := (liveHeap() - before) / more
	t.Logf("%d bytes of heap for each file", each)
	if each > mostAtRest {
		t.Errorf("a file at rest costs %d bytes of heap, and may cost %d", each, mostAtRest)
	}
	runtime.KeepAlive(q)
}

// durable is a journal that is durable at once.
type durable struct{ positions *checkpoint.Store }

func (d durable) Append(_ context.Context, s *frame.Sealed) error {
	s.Meta.Seq = d.positions.Seq() + 1
	d.positions.Apply(&s.Meta)
	return nil
}

// quietNode is a node on which pods start, write two lines and no more.
type quietNode struct {
	t     *testing.T
	root  string
	lane  *lane
	store *checkpoint.Store
	// later is how far the clock was put forward, ns.
	later atomic.Int64
}

func newQuietNode(t *testing.T) *quietNode {
	q := &quietNode{t: t, root: t.TempDir()}
	receiver, err := pods.New(pods.Config{Root: q.root, StartAt: "beginning"}, pods.Options{Node: "node"})
	if err != nil {
		t.Fatal(err)
	}
	if q.store, err = checkpoint.Open(checkpoint.Options{}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	engine := tail.NewEngine(tail.Options{
		Providers: []tail.Provider{receiver}, Positions: q.store, Node: "node",
		Now: func() time.Time { return start.Add(time.Duration(q.later.Load())) },
	})
	var watchdog telemetry.Watchdog
	q.lane = &lane{
		reader: engine.Lane(0), processors: []Processor{parse.New(parse.Options{})},
		encoder: encode.New(encode.Options{Node: "node"}), journal: durable{q.store},
		flush: Flush{Interval: time.Hour, Bytes: 1 << 20}, log: slog.New(slog.DiscardHandler),
		pulse: watchdog.Watch("lane", time.Hour),
	}
	engine.Lane(0).OnOpen, engine.Lane(0).OnClose = q.lane.openSource, q.lane.closeSource
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return q
}

// run starts the pods with these numbers, reads what they write, and lets some
// time pass.
func (q *quietNode) run(from, to int) {
	q.writePods(from, to)
	ctx, cancel := context.WithTimeout(q.t.Context(), time.Minute)
	defer cancel()
	for q.store.Total().Lines < uint64(2*to) && ctx.Err() == nil {
		if !q.lane.reader.Read(&q.lane.batch) {
			q.lane.reader.Wait(ctx, time.Time{})
			continue
		}
		q.lane.consume(ctx)
		q.lane.sealAll(ctx)
	}
	if n := q.store.Total().Lines; n != uint64(2*to) {
		q.t.Fatalf("%d lines were read of %d", n, 2*to)
	}
	q.later.Add(int64(time.Hour))
	for q.lane.reader.Read(&q.lane.batch) {
	}
}

func (q *quietNode) writePods(from, to int) {
	for i := from; i < to; i++ {
		dir := filepath.Join(q.root, fmt.Sprintf("shop_cart-7d4f9b8c6d-%05d_8c1f6a52-0b7e-4a9d-9c1e-%012d", i, i), "app")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			q.t.Fatal(err)
		}
		lines := fmt.Sprintf("2026-03-05T10:11:12Z stdout F {\"msg\":\"order %d\"}\n2026-03-05T10:11:13Z stderr F done\n", i)
		if err := os.WriteFile(filepath.Join(dir, "0.log"), []byte(lines), 0o644); err != nil {
			q.t.Fatal(err)
		}
	}
}

// liveHeap is what is left of the heap when garbage is collected. The engine
// makes some while it looks for files, so the least of several looks counts.
func liveHeap() int64 {
	least := int64(math.MaxInt64)
	for range 10 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		least = min(least, int64(m.HeapAlloc))
	}
	return least
}
