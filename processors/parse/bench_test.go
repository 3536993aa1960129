package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// jsonLine is a structured logger's line of 207 bytes, n varies it.
func jsonLine(n int) []byte {
	return fmt.Appendf(nil, `{"time":"2026-03-05T10:11:%02d.%09dZ","level":"INFO","msg":"order placed","trace_id":"4bf92f3577b34da6a3ce929d0e0%05x","span_id":"00f067aa0b%06x","order":%d,"user":"u-%05d","amount":12.5}`,
		10+n%3, n*7919%1e9, n, n*31, 100000+n, n%1e5)
}

// nginxLine is a line of nginx's format main.
func nginxLine(n int) []byte {
	return fmt.Appendf(nil, `203.0.113.%d - - [05/Mar/2026:10:11:%02d +0000] "GET /products/%d?ref=home HTTP/1.1" 200 %d "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" "198.51.100.%d" "00-4bf92f3577b34da6a3ce929d0e%06x-00f067aa0b%06x-01"`,
		n%250, 10+n%3, n, 500+n%1000, n%200, n, n*31)
}

// refill makes a parsed batch fresh again, as the reader does.
func refill(b *event.Batch, records []event.Record, data int) {
	b.Data, b.Fields = b.Data[:data], b.Fields[:0]
	copy(b.Records, records)
}

func benchmark(b *testing.B, format string, line func(int) []byte) {
	const lines = 1000
	texts := make([][]byte, lines)
	size := 0
	for i := range texts {
		texts[i] = line(i)
		size += len(texts[i])
	}
	src := &event.Source{Container: "c"}
	batch := batchOf(src, texts...)
	fresh := append([]event.Record(nil), batch.Records...)
	data := len(batch.Data)
	p := New(Options{})
	p.Process(batch)
	if got := formats[batch.Records[0].Format].name; got != format {
		b.Fatalf("parsed as %s, not %s", got, format)
	}
	for b.Loop() {
		refill(batch, fresh, data)
		p.Process(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
	b.ReportMetric(float64(size)/lines, "bytes/line")
}

// go test -run '^$' -bench . ./processors/parse
func BenchmarkJSON(b *testing.B)  { benchmark(b, "json", jsonLine) }
func BenchmarkNginx(b *testing.B) { benchmark(b, "nginx", nginxLine) }
func BenchmarkText(b *testing.B) {
	benchmark(b, "text", func(n int) []byte {
		return fmt.Appendf(nil, "order %d placed by user u-%d, a plain line of text", n, n)
	})
}

// TestParseAllocatesNothing runs the corpora until all memory has grown.
func TestParseAllocatesNothing(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range inputs {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var lines [][]byte
		for _, raw := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
			lines = append(lines, unescape(raw))
		}
		src := &event.Source{Container: name}
		b := batchOf(src, lines...)
		fresh := append([]event.Record(nil), b.Records...)
		data := len(b.Data)
		p := New(Options{})
		run := func() {
			refill(b, fresh, data)
			p.Process(b)
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s: %v allocations per run", name, n)
		}
	}
}
