package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/parse"
)

// formatLines is how many lines of a format are parsed in one batch, and
// formatTime how long each figure is measured, in CPU time.
const (
	formatLines = 1000
	formatTime  = 250 * time.Millisecond
)

// expression takes the same fields out of a line by Go's regexp, as the
// pipelines of other agents do, and converts the time and the numbers.
type expression struct {
	// time is the group of the time, layout its layout.
	time   int
	layout string
	*regexp.Regexp
}

const clf = "02/Jan/2006:15:04:05 -0700"

var expressions = map[string]*expression{
	"nginx":         {3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"(?: "([^"]*)")?`)},
	"apache":        {5, clf, regexp.MustCompile(`^(?:(\S+):(\d+) )?(\S+) \S+ (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?`)},
	"ingress-nginx": {3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (\d+) ([\d.]+) \[([^\]]*)\] (?:\[([^\]]*)\] )?(\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+)$`)},
	"traefik":       {3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (\d+) "([^"]*)" "([^"]*)" (\d+)ms$`)},
	"envoy":         {1, time.RFC3339Nano, regexp.MustCompile(`^\[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? (\S+)" (\d+) (\S+) (\d+) (\d+) (\d+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"$`)},
	"istio":         {1, time.RFC3339Nano, regexp.MustCompile(`^\[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? (\S+)" (\d+) (\S+) (\S+) (\S+) "([^"]*)" (\d+) (\d+) (\d+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)$`)},
	"haproxy":       {3, "02/Jan/2006:15:04:05.000", regexp.MustCompile(`^(\S+):(\d+) \[([^\]]+)\] (\S+) (\S+)/(\S+) (-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/\+?(-?\d+) (\d+) \+?(\d+) (\S+) (\S+) (\S+) (\d+)/(\d+)/(\d+)/(\d+)/\+?(\d+) (\d+)/(\d+)(?: \{([^}]*)\})?(?: \{([^}]*)\})? "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)"`)},
	"linkerd":       {4, time.RFC3339Nano, regexp.MustCompile(`^(\S+):(\d+) (\S+) - \[([^\]]+)\] "(\S+) (\S+) HTTP/([\d.]+)" (\d{3})$`)},
	"aws-alb":       {2, time.RFC3339Nano, regexp.MustCompile(`^(\S+) (\S+) (\S+) (\S+):(\d+) (\S+) (\S+) (\S+) (\S+) (\d+) (\S+) (\d+) (\d+) "(\S+) (\S+) (\S+)" "([^"]*)" (\S+) (\S+) (\S+) "([^"]*)"`)},
	"nginx-error":   {1, "2006/01/02 15:04:05", regexp.MustCompile(`^(\S+ \S+) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?(.*?)(?:, client: (\S+), server: (\S+))?(?:, request: "([^"]*)")?(?:, upstream: "([^"]*)")?(?:, host: "([^"]*)")?$`)},
	"apache-error":  {1, "Mon Jan 02 15:04:05.000000 2006", regexp.MustCompile(`^\[([^\]]+)\] \[(\w*):(\w+)\] \[pid (\d+)(?::tid (\d+))?\] (?:\[client ([^\]]+)\] )?(.*)$`)},
}

// formatsWorkload measures each format over its corpus: a line of it, a line
// that is not, and Go's regexp doing the same job.
func formatsWorkload(_ context.Context, _ *lab, name string) error {
	folders, err := filepath.Glob("testdata/formats/*")
	if err != nil || len(folders) == 0 {
		return fmt.Errorf("no corpora in testdata/formats: run this in the project's folder: %w", err)
	}
	miss := proseLines()
	fmt.Printf("%s: CPU time per line\n%-14s %6s %8s %8s %8s %8s\n", name, "format", "bytes", "hit ns", "MB/s", "miss ns", "× regexp")
	for _, folder := range folders {
		format := filepath.Base(folder)
		lines, err := linesOf(folder)
		if err != nil {
			return err
		}
		if parse.CheckFormat(format) != nil {
			continue
		}
		hit, bytes := parseTime(format, lines), meanBytes(lines)
		fmt.Printf("%-14s %6.0f %8.0f %8.0f %8.0f %8s\n", format, bytes, hit, bytes/hit*1000, parseTime(format, miss), timesRegexp(format, lines, hit))
	}
	fmt.Printf("%-14s %6.0f %8.0f  of a line that no format explains\n", "detection", meanBytes(miss), parseTime(parse.FormatAuto, miss))
	fmt.Printf("%-14s %6.0f %8.0f  bytes.IndexByte for the newline alone\n", "split", meanBytes(miss), splitTime(miss))
	return nil
}

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

// parseTime is the CPU time, in ns, that a line of a stream of a format costs.
func parseTime(format string, lines [][]byte) float64 {
	return cpuPerLine(len(lines), parsing(format, lines))
}

// parsing is a function that parses the lines of a stream of a format again and
// again.
func parsing(format string, lines [][]byte) func() {
	src := &event.Source{Container: "c", Settings: event.Settings{Format: format}}
	p, b := parse.New(parse.Options{}), new(event.Batch)
	b.Reset(src)
	for _, l := range lines {
		s := b.Append(l)
		b.Records = append(b.Records, event.Record{Raw: s, Line: s, Lines: 1, Observed: 1900000000e9})
	}
	fresh, data := slices.Clone(b.Records), len(b.Data)
	return func() {
		b.Data, b.Fields = b.Data[:data], b.Fields[:0]
		copy(b.Records, fresh)
		p.Process(b)
	}
}

// timesRegexp is how many times longer Go's regexp, time and strconv take for the lines that it
// matches.
func timesRegexp(format string, lines [][]byte, hit float64) string {
	re := expressions[format]
	if re == nil {
		return "-"
	}
	matched := slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return !re.Match(l) })
	if len(matched) == 0 {
		return "-"
	}
	ns := cpuPerLine(len(matched), func() {
		for _, l := range matched {
			re.read(l)
		}
	})
	if len(matched) < len(lines) {
		hit = parseTime(format, matched)
	}
	return fmt.Sprintf("%.1f", ns/hit)
}

// read finds the fields of a line and converts those that are no text.
func (e *expression) read(line []byte) (fields, numbers int) {
	at := e.FindSubmatchIndex(line)
	for g := 2; g+1 < len(at); g += 2 {
		if at[g] < 0 {
			continue
		}
		text := line[at[g]:at[g+1]]
		fields++
		if g == 2*e.time {
			if _, err := time.Parse(e.layout, string(text)); err != nil {
				panic(err)
			}
		} else if _, err := strconv.Atoi(string(text)); len(text) > 0 && text[0]-'0' <= 9 && err == nil {
			numbers++
		}
	}
	return fields, numbers
}

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

// formatSlices are as many as formatTime is cut into.
const formatSlices = 25

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
