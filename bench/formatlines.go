package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/pipeline/event"
)

// formatLines is how many lines of a format are parsed in one batch.
const formatLines = 1000

// firstLine is the time of the first line that is made.
var firstLine = time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)

// linesOf are the lines of a format's logs, repeated up to formatLines.
func linesOf(folder string) (lines [][]byte, err error) {
	files, err := filepath.Glob(folder + "/*.log")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		lines = append(lines, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))...)
	}
	for i := 0; len(lines) > 0 && len(lines) < formatLines; i++ {
		lines = append(lines, lines[i])
	}
	return lines, nil
}

// proseLines are of no format.
func proseLines() (lines [][]byte) {
	kinds := []string{
		"order %d placed by user u-7, a plain line of text that says nothing more than that",
		"2026-03-05 10:11:12.%03d INFO [main] started on port 8080 after having read the configuration",
		"[worker-%d] connected to 10.0.0.1:5432, pool has 7 of 20 connections in use at the moment",
		"10.0.0.%d is up and answers in 3 ms, which is more than the 2 ms that it had needed before",
		"\tat com.example.shop.Order.place(Order.java:%d) ~[shop.jar:1.0] of thread http-nio-8080-exec-1",
	}
	for i := range formatLines {
		lines = append(lines, fmt.Appendf(nil, kinds[i%len(kinds)], i%250))
	}
	return lines
}

func meanBytes(lines [][]byte) float64 {
	n := 0
	for _, l := range lines {
		n += len(l)
	}
	return float64(n) / float64(len(lines))
}

// logLines are lines that begin no trace and are of none.
func logLines(prose [][]byte) (lines [][]byte) {
	for _, l := range prose {
		if l[0] != '\t' {
			lines = append(lines, l)
		}
	}
	return append(lines, cleanLines()...)
}

// cleanLines are those of W1 and W2 without what the kubelet puts before them; they
// have no secrets.
func cleanLines() (lines [][]byte) {
	for _, kind := range []corpus.Kind{corpus.SlogJSON, corpus.Nginx} {
		g := corpus.New(kind, 5, firstLine)
		for range formatLines / 2 {
			line := bytes.TrimSuffix(g.Append(nil), []byte("\n"))
			lines = append(lines, bytes.SplitN(line, []byte(" "), 4)[3])
		}
	}
	return lines
}

// batchOf is a batch of lines.
func batchOf(src *event.Source, lines [][]byte) *event.Batch {
	b := new(event.Batch)
	b.Reset(src)
	for _, l := range lines {
		s := b.Append(l)
		b.Records = append(b.Records, event.Record{Raw: s, Line: s, Lines: 1, Observed: 1900000000e9})
	}
	return b
}
