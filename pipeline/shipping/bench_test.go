package shipping

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// sink stores everything at once.
type sink struct{ outcomes []Outcome }

func (s *sink) Export(_ context.Context, req *Request) (*Response, error) {
	n := req.Docs()
	if n > cap(s.outcomes) {
		s.outcomes = make([]Outcome, n)
	}
	return &Response{Outcomes: s.outcomes[:n]}, nil
}

// BenchmarkShip is what another exporter costs the agent for each document,
// without its own protocol: frames are shared.
// go test -run xxx -bench Ship -benchmem ./pipeline/shipping
func BenchmarkShip(b *testing.B) {
	const docs, frames = 5000, 20
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	fill(b, j, docs, frames)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		ship(b, j, string(rune('a'+n%26))+time.Now().String())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*docs*frames), "ns/doc")
}

func fill(b *testing.B, j *journal.Journal, docs, frames int) {
	builder := frame.NewBuilder(1)
	for range frames {
		for range docs {
			builder.Var([]byte(`{"create":{"_index":"logs-generic.otel-default","_id":"AAAAAAAAAAAAAAAAAAAAAA"}}` + "\n" +
				`{"@timestamp":"2026-11-22T01:02:03.123456789Z","severity_number":9,"body":{"text":"order placed"},"attributes":{"order.id":4711}}` + "\n"))
			builder.EndDoc(1, 1)
		}
		if err := j.Append(context.Background(), builder.Seal(frame.Meta{Class: "default"})); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// ship delivers the whole journal to a new exporter.
func ship(b *testing.B, j *journal.Journal, name string) {
	c, err := j.Cursor(name, journal.CursorOptions{StartAtBeginning: true})
	if err != nil {
		b.Fatal(err)
	}
	s := New(Options{Name: name, Cursor: c, Exporter: &sink{}, Flush: Flush{Bytes: 5 << 20},
		Retry: Retry{time.Second, time.Second}, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for c.Stats().Pending.Frames > 0 {
		time.Sleep(100 * time.Microsecond)
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
