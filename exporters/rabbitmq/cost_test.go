//go:build !race

// Under the race detector sync.Pool drops what it is given, by chance.

package rabbitmq

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// largeFrame is of a lane that has much to do: many documents, compressed.
func largeFrame(tb testing.TB) *frame.Sealed {
	b, random := frame.NewBuilder(1), rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		b.Var(fmt.Appendf(nil, `{"create":{"_index":"logs-generic.otel-default","_id":"%022d"}}`+"\n"+
			`{"@timestamp":"2026-11-22T01:02:03.%09dZ","body":{"text":%q},"resource":{"attributes":{"k8s.pod.name":"checkout-5d9c7f-abcde","k8s.namespace.name":"shop"}}}`+"\n",
			i*7919, i*104729, fmt.Sprintf("order %016x%016x of %016x%016x", random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())))
		b.EndDoc(1, 1)
	}
	s := b.Seal(frame.Meta{Class: "default"})
	s.Meta.Seq, s.Meta.JournalTime = 1, time.Now().UnixNano()
	if len(s.Payload) < 200_000 {
		tb.Fatalf("%d bytes", len(s.Payload))
	}
	return s
}

// TestAFrameIsNeitherPackedAgainNorKept: what it allocates does not
// depend on its size, and it goes out in pieces as large as the protocol's.
func TestAFrameIsNeitherPackedAgainNorKept(t *testing.T) {
	const frames, perFrame = 50, 24 << 10
	b := &scripted{t: t, eager: true}
	e := b.exporter(nil)
	var conn *counted
	e.dialer.Connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := b.connect(ctx, network, address)
		conn = &counted{Conn: c}
		return conn, err
	}
	s := largeFrame(t)
	r := requestOf(s)
	send := func() {
		if a, err := e.Export(t.Context(), r); err != nil || !isStored(a, 5000) {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	send()
	var before, after runtime.MemStats
	wrote := conn.writes.Load()
	runtime.ReadMemStats(&before)
	for range frames {
		send()
	}
	runtime.ReadMemStats(&after)
	bytes, allocs := (after.TotalAlloc-before.TotalAlloc)/frames, (after.Mallocs-before.Mallocs)/frames
	writes := float64(conn.writes.Load()-wrote) / frames
	t.Logf("%d bytes of a frame: %d bytes in %d allocations, %.1f writes", len(s.Payload), bytes, allocs, writes)
	if bytes > perFrame {
		t.Errorf("%d bytes are allocated for a frame of %d", bytes, len(s.Payload))
	}
	// Two for each of AMQP's frames of 128 KiB: the library's buffer, and the rest.
	if most := 2*float64(len(s.Payload)/frameLimit+1) + 1; writes > most {
		t.Errorf("%.1f writes for a frame of %d bytes", writes, len(s.Payload))
	}
}

// frameLimit is the size of an AMQP frame that broker and exporter agree on.
const frameLimit = 128 << 10

// BenchmarkExport is what a frame costs the agent's process on its way to a real
// broker, in CPU time of user and system.
// go test -run '^$' -bench Export -benchtime 200x ./exporters/rabbitmq
func BenchmarkExport(b *testing.B) {
	broker := shared.plain.Take(b)
	c := configFor(broker)
	c.QueueType = queueStream // which keeps nothing in the broker's memory
	c.MaxLengthBytes = 64 << 20
	e, err := New(c, origin, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	s := largeFrame(b)
	req := requestOf(s)
	send := func() {
		s.Meta.Seq++
		if r, err := e.Export(b.Context(), req); err != nil || !isStored(r, 5000) {
			b.Fatalf("%+v, %v", r, err)
		}
	}
	send()
	b.SetBytes(int64(len(s.Payload)))
	b.ReportAllocs()
	began := processTime()
	for b.Loop() {
		send()
	}
	b.ReportMetric(float64(processTime()-began)/float64(b.N)/1000, "cpu-µs/frame")
}

// processTime is the CPU time of this process.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
