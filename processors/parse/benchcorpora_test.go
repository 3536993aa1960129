package parse

import (
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// BenchmarkCorpora parses each corpus as its own format (hit), and lines of no
// format as that format (miss). One iteration is a line.
//
//	go test -run '^$' -bench Corpora/nginx/ ./processors/parse
func BenchmarkCorpora(b *testing.B) {
	lines := map[string][][]byte{}
	var names []string
	for _, c := range readCorpora(b) {
		if lines[c.format] == nil {
			names = append(names, c.format)
		}
		lines[c.format] = append(lines[c.format], c.lines...)
	}
	miss := [][]byte{
		[]byte("order 31 placed by user u-7, a plain line of text that says nothing more than that"),
		[]byte("2026-03-05 10:11:12.031 INFO [main] started on port 8080 after having read the configuration"),
		[]byte("[worker-31] connected to 10.0.0.1:5432, pool has 7 of 20 connections in use at the moment"),
		[]byte("10.0.0.31 is up and answers in 3 ms, which is more than the 2 ms that it had needed before"),
		[]byte("\tat com.example.shop.Order.place(Order.java:31) ~[shop.jar:1.0] of thread http-nio-8080-exec-1"),
	}
	for _, name := range names {
		b.Run(name+"/hit", func(b *testing.B) { benchmarkLines(b, name, lines[name]) })
		b.Run(name+"/miss", func(b *testing.B) { benchmarkLines(b, name, miss) })
	}
}

// benchmarkLines parses b.N lines, the given ones over and over.
func benchmarkLines(b *testing.B, format string, lines [][]byte) {
	const size = 1000
	var texts [][]byte
	for len(texts) < size {
		texts = append(texts, lines...)
	}
	texts = texts[:size]
	src := &event.Source{Container: "c", Settings: event.Settings{Format: format}}
	batch := batchOf(src, texts...)
	readLater(batch)
	fresh, data := append([]event.Record(nil), batch.Records...), len(batch.Data)
	p := New(Options{})
	p.Process(batch)
	b.ResetTimer()
	for n := b.N; n > 0; n -= size {
		batch.Records = batch.Records[:min(n, size)]
		refill(batch, fresh[:min(n, size)], data)
		p.Process(batch)
	}
}
