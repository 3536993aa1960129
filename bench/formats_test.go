package main

import (
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/processors/parse"
)

// BenchmarkFormats is the workload formats for counting instructions: lines of a
// format tried as that format, prose tried as it, and prose given to detection.
// An iteration is formatLines lines or more.
//
//	go test ./bench -run '^$' -bench 'Formats/nginx/hit$'
func BenchmarkFormats(b *testing.B) {
	folders, err := filepath.Glob("../testdata/formats/*")
	if err != nil || len(folders) == 0 {
		b.Fatal("no corpora", err)
	}
	prose := proseLines()
	b.Run("detection", func(b *testing.B) { benchmarkFormat(b, parse.FormatAuto, prose) })
	for _, folder := range folders {
		format := filepath.Base(folder)
		lines, err := linesOf(folder)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(format+"/hit", func(b *testing.B) { benchmarkFormat(b, format, lines) })
		b.Run(format+"/miss", func(b *testing.B) { benchmarkFormat(b, format, prose) })
	}
}

func benchmarkFormat(b *testing.B, format string, lines [][]byte) {
	w := parsing(format, lines)
	w.run()
	for b.Loop() {
		w.run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/line")
	b.ReportMetric(float64(len(lines)), "lines/op")
}

func TestEveryGroupOfAnAccessLogsExpressionHasAKind(t *testing.T) {
	for format, k := range kinds {
		e := expressions[format]
		if len(k) != e.NumSubexp() || k[e.time-1] != 't' {
			t.Errorf("%s has %d groups, its time is %d; the kinds are %s", format, e.NumSubexp(), e.time, k)
		}
	}
}
