package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/tail/multiline"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
)

// formatTime is how long each figure is measured, in CPU time, and formatSlices
// into how many slices that is cut.
const (
	formatTime   = 150 * time.Millisecond
	formatSlices = 15
)

// formatsWorkload measures each format over its corpus: a line of it, a line
// that is not, and Go's regexp doing the same job; then what a line costs that is
// of no format, and what is done to it before and behind parsing.
func formatsWorkload(_ context.Context, _ *lab, name string) error {
	folders, err := filepath.Glob("testdata/formats/*")
	if err != nil || len(folders) == 0 {
		return fmt.Errorf("no corpora in testdata/formats: run this in the project's folder: %w", err)
	}
	fmt.Printf("%s: CPU time per line\n%-16s %6s %8s %8s %8s %8s %8s\n", name, "", "bytes", "hit ns", "splits", "MB/s", "miss ns", "× regexp")
	miss := proseLines()
	for _, folder := range folders {
		format := filepath.Base(folder)
		lines, err := linesOf(folder)
		if err != nil {
			return err
		}
		if parse.CheckFormat(format) != nil {
			continue
		}
		hit := cpuPerLine(len(lines), parsing(format, lines))
		missed := cpuPerLine(len(miss), parsing(format, miss))
		printRow(format, lines, hit, fmt.Sprintf("%.0f", missed), timesRegexp(expressions[format], format, lines, hit))
	}
	return otherRows(miss)
}

// otherRows are those of what all lines pass, and of lines of no format.
func otherRows(prose [][]byte) error {
	text, auto := cpuPerLine(len(prose), parsing("text", prose)), cpuPerLine(len(prose), parsing(parse.FormatAuto, prose))
	printRow("no format", prose, auto, "", "")
	printRow("  detection", prose, max(auto-text, 0), "", "")
	for _, row := range []struct {
		name  string
		lines [][]byte
		run   func([][]byte) func()
		by    *regexp.Regexp
	}{
		{"multi-line", logLines(prose), following, goesOn},
		{"redaction", cleanLines(), redacting, secrets},
	} {
		ns := cpuPerLine(len(row.lines), row.run(row.lines))
		byRegexp := cpuPerLine(len(row.lines), func() {
			for _, l := range row.lines {
				row.by.Match(l)
			}
		})
		printRow(row.name, row.lines, ns, "", fmt.Sprintf("%.1f", byRegexp/ns))
	}
	printRow("newline split", prose, splitTime(prose), "", "")
	return nil
}

// printRow prints a row; splits is how often the newline of a line of prose is found
// in the time, measured beside it: a measure that slow machines share.
func printRow(name string, lines [][]byte, ns float64, miss, factor string) {
	bytes := meanBytes(lines)
	fmt.Printf("%-16s %6.0f %8.0f %8.1f %8.0f %8s %8s\n", name, bytes, ns, ns/splitTime(proseLines()), bytes/ns*1000, miss, factor)
}

// parsing is a function that parses the lines of a stream of a format again and
// again.
func parsing(format string, lines [][]byte) func() {
	src := &event.Source{Container: "c", Settings: event.Settings{Format: format}}
	p, b := parse.New(parse.Options{}), batchOf(src, lines)
	fresh, data := slices.Clone(b.Records), len(b.Data)
	return func() {
		b.Data, b.Fields = b.Data[:data], b.Fields[:0]
		copy(b.Records, fresh)
		p.Process(b)
	}
}

// following says of each line what it is to the one before.
func following(lines [][]byte) func() {
	var m multiline.Machine
	return func() {
		for _, l := range lines {
			m.Next(l)
		}
	}
}

// redacting looks for secrets in lines that have none.
func redacting(lines [][]byte) func() {
	p, err := redact.New(redact.DefaultConfig(), nil)
	if err != nil {
		panic(err)
	}
	b := batchOf(&event.Source{Container: "c"}, lines)
	return func() { p.Process(b) }
}

// splitTime is what finding the newlines alone takes per line.
func splitTime(lines [][]byte) float64 {
	text := bytes.Join(lines, []byte("\n"))
	return cpuPerLine(len(lines), func() {
		for rest := text; ; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				return
			}
			rest = rest[i+1:]
		}
	})
}

// cpuPerLine repeats run for formatTime and returns the best of its slices,
// which other work on the machine disturbs least.
func cpuPerLine(lines int, run func()) float64 {
	run()
	best := 0.0
	for range formatSlices {
		n, begin := 0, cpuTime()
		for cpuTime()-begin < formatTime/formatSlices {
			run()
			n++
		}
		if ns := float64(cpuTime()-begin) / float64(n*lines); best == 0 || ns < best {
			best = ns
		}
	}
	return best
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
