package search

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit/journals"
	"github.com/tailrace/tailrace/internal/vfs"
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
	return journal.NewReader(vfs.OS{}, dir), journals.Wanted()
}

func writeBenchJournal(b *testing.B, dir string, docs int, size int64) {
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: dir})
	if err == nil {
		err = errors.Join(journals.Bulk{Docs: docs, Size: size}.Write(j), j.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
}
