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
	prose := proseLines()
	for _, folder := range folders {
		format := filepath.Base(folder)
		lines, err := linesOf(folder)
		if err != nil {
			return err
		}
		if parse.CheckFormat(format) != nil {
			continue
		}
		r := row{name: format, lines: lines, own: parsing(format, lines), miss: parsing(format, prose)}
		if read := readerOf(format); read != nil {
			matched := read.matched(lines)
			r.both, r.byRegexp = parsing(format, matched), read.reading(matched)
		}
		r.print()
	}
	return otherRows(prose)
}

// otherRows are those of what all lines pass, and of lines of no format.
func otherRows(prose [][]byte) error {
	row{name: "no format", lines: prose, own: parsing(parse.FormatAuto, prose)}.print()
	row{name: "as text", lines: prose, own: parsing("text", prose)}.print()
	logs, clean := logLines(prose), cleanLines()
	redactor, err := redact.New(redact.DefaultConfig(), nil)
	if err != nil {
		return err
	}
	row{name: "multi-line", lines: logs, own: following(logs), both: following(logs), byRegexp: matching(goesOn, logs)}.print()
	row{name: "redaction", lines: clean, own: redacting(redactor, clean), both: redacting(redactor, clean), byRegexp: matching(secrets, clean)}.print()
	row{name: "newline split", lines: prose, own: splitting(prose)}.print()
	return nil
}

// row is what is measured in turns, so that what else the machine does disturbs
// all of it alike.
type row struct {
	name  string
	lines [][]byte
	// own is the work on the lines, and miss that on prose which is tried as the
	// format.
	own, miss work
	// byRegexp is Go's regexp at the lines that it matches, and both the agent.
	byRegexp, both work
}

// print measures and prints the row. Splits are how often the newline of a line
// of prose is found in the time: a measure that slow machines share.
func (r row) print() {
	ns := cpuPerLine(r.own, r.miss, r.byRegexp, r.both, splitting(proseLines()))
	miss, factor := "", ""
	if ns[1] > 0 {
		miss = fmt.Sprintf("%.0f", ns[1])
	}
	if ns[3] > 0 {
		factor = fmt.Sprintf("%.1f", ns[2]/ns[3])
	}
	bytes := meanBytes(r.lines)
	fmt.Printf("%-16s %6.0f %8.0f %8.1f %8.0f %8s %8s\n", r.name, bytes, ns[0], ns[0]/ns[4], bytes/ns[0]*1000, miss, factor)
}

// work is done to lines again and again.
type work struct {
	lines int
	run   func()
}

// parsing is the work of parsing the lines of a stream of a format.
func parsing(format string, lines [][]byte) work {
	src := &event.Source{Container: "c", Settings: event.Settings{Format: format}}
	p, b := parse.New(parse.Options{}), batchOf(src, lines)
	fresh, data := slices.Clone(b.Records), len(b.Data)
	return work{len(lines), func() {
		b.Data, b.Fields = b.Data[:data], b.Fields[:0]
		copy(b.Records, fresh)
		p.Process(b)
	}}
}

// following says of each line what it is to the one before.
func following(lines [][]byte) work {
	var m multiline.Machine
	return work{len(lines), func() {
		for _, l := range lines {
			m.Next(l)
		}
	}}
}

// redacting looks for secrets in lines that have none.
func redacting(p *redact.Processor, lines [][]byte) work {
	b := batchOf(&event.Source{Container: "c"}, lines)
	return work{len(lines), func() { p.Process(b) }}
}

// matching asks Go's regexp whether it matches lines.
func matching(re *regexp.Regexp, lines [][]byte) work {
	return work{len(lines), func() {
		for _, l := range lines {
			re.Match(l)
		}
	}}
}

// splitting finds the newlines alone.
func splitting(lines [][]byte) work {
	text := bytes.Join(lines, []byte("\n"))
	return work{len(lines), func() {
		for rest := text; ; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				return
			}
			rest = rest[i+1:]
		}
	}}
}

// cpuPerLine does each work for formatTime, in slices by turns, and returns the
// best slice of each, in ns per line: other work on the machine disturbs that
// least. It is 0 for no work.
func cpuPerLine(all ...work) []float64 {
	best := make([]float64, len(all))
	for range formatSlices {
		for i, w := range all {
			if w.lines == 0 {
				continue
			}
			if ns := w.slice(); best[i] == 0 || ns < best[i] {
				best[i] = ns
			}
		}
	}
	return best
}

// slice does the work for a slice of formatTime.
func (w work) slice() float64 {
	w.run()
	n, begin := 0, cpuTime()
	for cpuTime()-begin < formatTime/formatSlices {
		w.run()
		n++
	}
	return float64(cpuTime()-begin) / float64(n*w.lines)
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
