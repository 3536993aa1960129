package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// The benchmarks read a journal of BENCH_JOURNAL_MIB (default 64) that they
// write first:
//
//	BENCH_JOURNAL_MIB=1024 go test ./internal/search -run '^$' -bench Journal -benchtime 3x
//
// Frames have 20 documents (as of a quiet node, sealed by age) or 4 MiB.

// benchDocs is what the frames of each kind hold.
var benchDocs = map[string]int{"frames=small": 20, "frames=4MiB": 8000}

func BenchmarkJournalTrace(b *testing.B) {
	for kind, docs := range benchDocs {
		b.Run(kind, func(b *testing.B) {
			r, wanted := benchJournal(b, kind, docs)
			for b.Loop() {
				if n := countLines(b, r, Query{Terms: []Term{TraceTerm(wanted)}}, 0); n != 20 {
					b.Fatalf("found %d lines", n)
				}
			}
			reportMemory(b)
		})
	}
}

// BenchmarkJournalFirstHit is the time to the first line of a common word.
func BenchmarkJournalFirstHit(b *testing.B) {
	for kind, docs := range benchDocs {
		b.Run(kind, func(b *testing.B) {
			r, _ := benchJournal(b, kind, docs)
			p, err := CompilePattern("payment accepted", PatternOptions{})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if n := countLines(b, r, Query{Pattern: p}, 1); n != 1 {
					b.Fatalf("found %d lines", n)
				}
			}
		})
	}
}

// BenchmarkJournalRare looks through everything for a word of one line.
func BenchmarkJournalRare(b *testing.B) {
	for kind, docs := range benchDocs {
		b.Run(kind, func(b *testing.B) {
			r, _ := benchJournal(b, kind, docs)
			p, err := CompilePattern("no such word", PatternOptions{})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				countLines(b, r, Query{Pattern: p}, 1)
			}
			reportMemory(b)
		})
	}
}

func countLines(b *testing.B, r Reader, q Query, most int) int {
	p := NewPrinter(io.Discard)
	p.Most = most
	q.Keep = Text.Keep(Look{})
	s := Search{Reader: r, Query: q, Sink: p, Damaged: func(err error) { b.Error(err) }}
	if err := s.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	return p.Matches
}

// reportMemory says what the process takes from the system, all in all.
func reportMemory(b *testing.B) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "sys-MiB")
}

// benchJournal writes a journal, or takes the one of an earlier run, and
// returns the id of a trace whose 20 lines are in one frame in its middle.
func benchJournal(b *testing.B, kind string, docs int) (*journal.Reader, [16]byte) {
	mib, err := strconv.Atoi(os.Getenv("BENCH_JOURNAL_MIB"))
	if err != nil {
		mib = 64
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("tailrace-bench-journal-%s-%d", kind, mib))
	if _, err := os.Stat(dir); err != nil {
		writeBenchJournal(b, dir, docs, int64(mib)<<20)
	}
	b.ResetTimer()
	return journal.NewReader(vfs.OS{}, dir), benchTrace(1 << 40)
}

func writeBenchJournal(b *testing.B, dir string, docs int, size int64) {
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	prints := benchFrames(docs)
	wanted := benchFrame(frame.NewBuilder(1), 20, 1<<40)
	written := int64(0)
	for i := 0; written < size; i++ {
		f := otherIDs(prints[i%len(prints)])
		if written > size/2 && wanted != nil {
			f, wanted = wanted, nil
		}
		later(f, time.Duration(i)*200*time.Millisecond)
		written += int64(len(f.Payload))
		if err := j.Append(context.Background(), f); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchFrames are a few frames to be written again and again.
func benchFrames(docs int) []*frame.Sealed {
	builder := frame.NewBuilder(1)
	var frames []*frame.Sealed
	for i := range max(8, 400/docs) {
		frames = append(frames, benchFrame(builder, docs, uint64(i)<<20))
	}
	return frames
}

// benchFrame has docs lines, 20 of each trace.
func benchFrame(builder *frame.Builder, docs int, first uint64) *frame.Sealed {
	l := line{ns: "shop", pod: "pay-7d9f8b6c5-x2x4z", service: "pay", severity: 9}
	for i := range docs {
		id := benchTrace(first + uint64(i/20))
		l.at = time.Duration(i) * time.Millisecond / 50
		l.trace = fmt.Sprintf("%x", id)
		l.body = fmt.Sprintf("payment accepted for order %d after %d ms", first+uint64(i)*7919, i*37%1000)
		builder.Var(fmt.Appendf(nil, "{\"create\":{\"_index\":\"logs-generic.otel-default\",\"_id\":\"%022d\"}}\n%s\n", i, l.document()))
		builder.EndDoc(1, l.time())
		builder.AddTerm(frame.TermHash(id[:]))
	}
	return builder.Seal(frame.Meta{Class: "default", Sources: []frame.Source{l.source()}})
}

func benchTrace(n uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], n*0x9e3779b97f4a7c15+1)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// otherIDs is a copy of f whose filters know other ids than its documents
// have, as many and all new: a print stands for frames of its size.
func otherIDs(f *frame.Sealed) *frame.Sealed {
	c := *f
	c.Payload = slices.Clone(f.Payload)
	c.Terms = make([]uint64, len(f.Terms))
	c.Meta.Filter = frame.NewFilter(len(f.Terms))
	for i := range c.Terms {
		c.Terms[i] = rand.Uint64()
		c.Meta.Filter.Add(c.Terms[i])
	}
	return &c
}

// later is f as if it had been written later; its documents keep their times.
func later(f *frame.Sealed, after time.Duration) {
	f.Meta.MinTime += int64(after)
	f.Meta.MaxTime += int64(after)
}
