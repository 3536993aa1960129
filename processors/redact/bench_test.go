package redact

import (
	"slices"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Lines without a secret, of 200 bytes and a little more.
const (
	jsonLine  = `{"time":"2026-03-05T10:11:12.345678Z","level":"INFO","msg":"order 4711 stored","service":"checkout","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","status":200,"duration_ms":12.5}`
	nginxLine = `203.0.113.9 - alice [05/Mar/2026:10:11:12 +0000] "GET /api/v1/orders/4711?page=2&sort=asc HTTP/1.1" 200 5123 "https://shop.example/cart" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0" rt=0.012`
	textLine  = `2026-03-05 10:11:12,345 WARN  [http-nio-8080-exec-7] c.e.shop.OrderService - retrying request to inventory for order 4711 in 250 ms because the server closed the connection (attempt 2 of 5, user alice)`
)

// BenchmarkCleanLine is what a line without a secret costs.
//
//	go test ./processors/redact -run '^$' -bench CleanLine
func BenchmarkCleanLine(b *testing.B) {
	for name, line := range map[string]string{"json": jsonLine, "nginx": nginxLine, "text": textLine} {
		b.Run(name, func(b *testing.B) {
			const lines = 100
			p, batch := built(DefaultConfig()), batchOf(slices.Repeat([]string{line}, lines)...)
			for b.Loop() {
				p.Process(batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
		})
	}
}

// built is a processor for a configuration that is right.
func built(c Config) *Processor {
	p, err := New(c, nil)
	if err != nil {
		panic(err)
	}
	return p
}

func batchOf(lines ...string) *event.Batch {
	b := new(event.Batch)
	b.Reset(&event.Source{Container: "test"})
	for _, l := range lines {
		s := b.Append([]byte(l))
		b.Records = append(b.Records, event.Record{Raw: s, Line: s, Lines: 1})
	}
	return b
}
