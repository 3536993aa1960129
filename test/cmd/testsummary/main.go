// Command testsummary reads the output of go test -json. It shows the output
// of failing tests as it comes, and at the end what ran, what was skipped and
// why, what did not end in time, and what took longest. It exits with 1 when
// anything failed or nothing ran.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// event is a line of test2json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string
	Elapsed                       float64
}

type key struct{ pkg, test string }

type summary struct {
	out     io.Writer
	output  map[key][]string
	running map[key]bool

	passed, failed, skipped int
	skips                   []string
	tests, packages         []event
	broken, unended         []string
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, output: map[key][]string{}, running: map[key]bool{}}
}

func main() {
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	s.print()
	if s.failed > 0 || len(s.broken) > 0 || s.passed == 0 {
		os.Exit(1)
	}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(s.out, lines.Text())
			continue
		}
		s.take(e)
	}
	return lines.Err()
}

func (s *summary) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output":
		s.output[k] = append(s.output[k], e.Output)
	case "run", "cont":
		s.running[k] = true
	case "pause":
		delete(s.running, k)
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "build-fail":
		s.broken = append(s.broken, e.ImportPath)
	case "pass", "fail", "skip":
		s.finish(e, k)
	}
}

func (s *summary) finish(e event, k key) {
	switch {
	case e.Test == "" && e.Action == "fail":
		s.broken = append(s.broken, e.Package)
		s.unfinished(e.Package)
		s.show(k)
	case e.Test != "" && e.Action == "pass":
		s.passed++
	case e.Test != "" && e.Action == "fail":
		s.failed++
		s.show(k)
	case e.Test != "" && e.Action == "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, s.reason(k)))
	}
	if e.Test == "" {
		s.packages = append(s.packages, e)
		if e.Action == "pass" {
			fmt.Fprintf(s.out, "ok   %6.1fs  %s\n", e.Elapsed, e.Package)
		}
	}
	if e.Test != "" && !strings.Contains(e.Test, "/") {
		s.tests = append(s.tests, e)
	}
	if !strings.Contains(e.Test, "/") {
		s.note(k)
	}
	delete(s.output, k)
	delete(s.running, k)
}

// unfinished shows the tests that a package was in when it ended: it took too
// long, or the process died.
func (s *summary) unfinished(pkg string) {
	for k := range s.running {
		if k.pkg != pkg {
			continue
		}
		s.failed++
		s.unended = append(s.unended, k.pkg+" "+k.test)
		s.show(k)
		delete(s.output, k)
		delete(s.running, k)
	}
}

// show prints what a failed test wrote.
func (s *summary) show(k key) {
	fmt.Fprintf(s.out, "FAIL %s %s\n%s", k.pkg, k.test, strings.Join(s.output[k], ""))
}

// note prints lines that a test wants in the summary whatever its outcome:
// those that contain "RESULT ".
func (s *summary) note(k key) {
	for _, line := range s.output[k] {
		if _, text, ok := strings.Cut(line, "RESULT "); ok {
			fmt.Fprintf(s.out, "     %s: %s", k.test, text)
		}
	}
}

// reason is what a skipped test gave as its reason: the last line that is no
// frame of test output.
func (s *summary) reason(k key) string {
	for _, line := range slices.Backward(s.output[k]) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return line
		}
	}
	return "no reason given"
}

func (s *summary) print() {
	fmt.Fprintf(s.out, "\n%d tests passed, %d failed, %d skipped in %d packages\n",
		s.passed, s.failed, s.skipped, len(s.packages))
	for _, skip := range s.skips {
		fmt.Fprintln(s.out, "  skipped", skip)
	}
	for _, pkg := range slices.Compact(s.broken) {
		fmt.Fprintln(s.out, "  FAILED", pkg)
	}
	slices.Sort(s.unended)
	for _, test := range s.unended {
		fmt.Fprintln(s.out, "  DID NOT END", test)
	}
	s.longest(s.packages)
	s.longest(s.tests)
}

func (s *summary) longest(events []event) {
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	for _, e := range events[:min(5, len(events))] {
		took := time.Duration(e.Elapsed * float64(time.Second)).Round(100 * time.Millisecond)
		fmt.Fprintf(s.out, "  %8s  %s\n", took, strings.TrimSpace(e.Package+" "+e.Test))
	}
}
