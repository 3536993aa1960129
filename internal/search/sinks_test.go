package search

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// runTo searches s with sink at the end.
func runTo(t *testing.T, s Reader, q Query, sink Sink) {
	t.Helper()
	run := Search{Reader: s, Query: q, Sink: sink, Damaged: func(err error) { t.Error(err) }}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func pattern(t *testing.T, expr string) *Pattern {
	t.Helper()
	p, err := CompilePattern(expr, PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// twoPods has lines a0 to a9 of one container and b0 to b9 of another between
// them.
func twoPods() *shelf {
	s := newShelf()
	for i := range 10 {
		s.frame(
			line{at: time.Duration(2*i) * time.Second, ns: "shop", pod: "a-0", service: "a", body: fmt.Sprint("a", i)},
			line{at: time.Duration(2*i+1) * time.Second, ns: "shop", pod: "b-0", service: "b", body: fmt.Sprint("b", i)},
		)
	}
	return s
}

// TestContext: the lines around a match are those of its container.
func TestContext(t *testing.T) {
	tests := map[string]struct {
		expr                string
		before, after, most int
		want                string
	}{
		"before":                         {"a5", 2, 0, 0, "a3 a4 a5"},
		"after":                          {"a5", 0, 2, 0, "a5 a6 a7"},
		"both":                           {"b5", 1, 1, 0, "b4 b5 b6"},
		"groups that touch are one":      {"a[46]", 1, 1, 0, "a3 a4 a5 a6 a7"},
		"groups apart":                   {"a[28]", 1, 0, 0, "a1 a2 -- a7 a8"},
		"other containers are apart":     {"[ab]3", 1, 0, 0, "a2 a3 -- b2 b3"},
		"beginning":                      {"a0", 3, 0, 0, "a0"},
		"end":                            {"b9", 0, 3, 0, "b9"},
		"context follows the last match": {"a[05]", 0, 1, 1, "a0 a1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := NewPrinter(&out)
			p.Most, p.After = test.most, test.after
			c := &Context{Before: test.before, After: test.after, Next: p, Gap: p.Gap}
			runTo(t, twoPods(), Query{Pattern: pattern(t, test.expr), Context: true, Keep: bodies}, c)
			if got := strings.Join(strings.Fields(out.String()), " "); got != test.want {
				t.Errorf("printed %q, want %q", got, test.want)
			}
		})
	}
}

func TestPrinterStops(t *testing.T) {
	var out bytes.Buffer
	p := NewPrinter(&out)
	p.Most = 3
	runTo(t, twoPods(), Query{Keep: bodies}, p)
	if out.String() != "a0\nb0\na1\n" || p.Matches != 3 {
		t.Errorf("-m 3 prints %q", out.String())
	}
	out.Reset()
	p = NewPrinter(&out)
	p.Quiet = true
	runTo(t, twoPods(), Query{Keep: bodies}, p)
	if out.Len() > 0 || p.Matches != 1 {
		t.Errorf("-q prints %q", out.String())
	}
}

// TestHighlight shows ESC as ^[.
func TestHighlight(t *testing.T) {
	for _, c := range []struct {
		expr       string
		o          PatternOptions
		line, want string
	}{
		{"time", PatternOptions{}, "a timeout", "a ^[[1;31mtime^[[0mout"},
		{"o", PatternOptions{}, "^[[2mfoo^[[0m", "^[[2mf^[[1;31mo^[[0m^[[2m^[[1;31mo^[[0m^[[2m^[[0m"},
		{"err", PatternOptions{Word: true}, "err errs err", "^[[1;31merr^[[0m errs ^[[1;31merr^[[0m"},
		{"32", PatternOptions{}, "^[[32mINFO^[[0m", "^[[32mINFO^[[0m"},
		{"x*", PatternOptions{}, "abc", "abc"},
		{"a.c", PatternOptions{Fixed: true}, "abc a.c", "abc ^[[1;31ma.c^[[0m"},
	} {
		p, err := CompilePattern(c.expr, c.o)
		if err != nil {
			t.Fatal(err)
		}
		line := strings.ReplaceAll(c.line, "^[", "\x1b")
		if got := strings.ReplaceAll(string(p.Highlight(nil, []byte(line))), "\x1b", "^["); got != c.want {
			t.Errorf("%s in %q: %q, want %q", c.expr, c.line, got, c.want)
		}
	}
}

// TestTail: the last lines of each container, wherever they lie.
func TestTail(t *testing.T) {
	for n, want := range map[int]string{
		0: "", 1: "a9 b9", 2: "a8 b8 a9 b9", 100: "a0 b0 a1 b1 a2 b2 a3 b3 a4 b4 a5 b5 a6 b6 a7 b7 a8 b8 a9 b9",
	} {
		var g gathered
		run := Search{Reader: twoPods(), Query: Query{Keep: bodies}, Sink: &g}
		if err := run.Tail(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if err := run.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(g.lines, " "); got != want {
			t.Errorf("the last %d lines are %q, want %q", n, got, want)
		}
	}
}

// TestTailReadsOnlyTheEnd: frames whose containers have their lines are not
// inflated.
func TestTailReadsOnlyTheEnd(t *testing.T) {
	var g gathered
	run := Search{Reader: twoPods(), Query: Query{Keep: bodies}, Sink: &g}
	if err := run.Tail(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read := run.Stats.Frames - run.Stats.FramesSkipped; read != 2 {
		t.Errorf("%d of %d frames were inflated", read, run.Stats.Frames)
	}
}

// TestTailIsBounded: what would take much memory is refused with the cure.
func TestTailIsBounded(t *testing.T) {
	tail := func(n int) error {
		run := Search{Reader: twoPods(), Sink: &gathered{}, tailKeys: 15}
		return run.Tail(t.Context(), n)
	}
	if err := tail(7); err != nil {
		t.Errorf("the last 7 lines of 2 containers: %v", err)
	}
	if err := tail(8); err == nil || !strings.Contains(err.Error(), "--since") {
		t.Errorf("the last 8 lines of 2 containers: the error is %v", err)
	}
}

func TestPreviousLives(t *testing.T) {
	s := newShelf()
	for _, restart := range []int{0, 1, 4} {
		s.frame(line{at: time.Duration(restart), ns: "shop", pod: "a-0", service: "a", restart: restart, body: fmt.Sprint("life ", restart)})
	}
	s.frame(line{at: 9, ns: "shop", pod: "b-0", service: "b", body: "never restarted"})
	lives, err := PreviousLives(t.Context(), s, Scope{})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := find(t, s, Query{Restart: lives})
	if diff := cmp.Diff([]string{"life 1"}, got.lines); diff != "" {
		t.Error(diff)
	}
}

// TestFollow: new frames and new segments are seen, each once.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := twoPods(), &gathered{}
		run := Search{Reader: s, Query: Query{Keep: bodies, Pattern: pattern(t, "[a-z]1?9")}, Sink: g}
		if err := run.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- run.Follow(ctx, time.Second) }()
		// The follower sleeps between seconds; these fall between its ticks.
		time.Sleep(1500 * time.Millisecond)
		s.frame(line{at: time.Minute, body: "c9"})
		time.Sleep(time.Second)
		s.frame(line{at: 2 * time.Minute, body: "d9"})
		s.segment()
		s.frame(line{at: time.Minute, body: "e19"}, line{at: time.Second, body: "other"})
		time.Sleep(2 * time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a9", "b9", "c9", "e19", "d9"}, g.lines); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRequestIDLeadsToItsTraces: one id in one line brings the whole trace.
func TestRequestIDLeadsToItsTraces(t *testing.T) {
	s := newShelf()
	s.frame(
		line{at: 1, body: "gateway", trace: traceA, attrs: request + `req-17"]`},
		line{at: 2, body: "service", trace: traceA},
		line{at: 3, body: "only the request", attrs: request + `req-17"]`},
		line{at: 4, body: "another", trace: strings.Repeat("ab", 16), attrs: request + `req-18"]`},
	)
	terms, err := ParseID("req-17")
	if err != nil {
		t.Fatal(err)
	}
	traces, err := TracesOf(t.Context(), s, Query{}, terms)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := find(t, s, Query{Terms: append(terms, traces...)})
	if diff := cmp.Diff([]string{"gateway", "service", "only the request"}, got.lines); diff != "" {
		t.Error(diff)
	}
}

// TestTraceSkipsByFilters: only the frames that have the id are inflated, and
// segments without it not opened.
func TestTraceSkipsByFilters(t *testing.T) {
	s := newShelf()
	for i := range 50 {
		if i%10 == 0 {
			s.segment()
		}
		s.frame(line{at: time.Duration(i), body: "noise", trace: fmt.Sprintf("%032x", i+1)})
	}
	s.frame(line{at: time.Hour, body: "wanted", trace: traceA})
	terms, err := ParseID(traceA)
	if err != nil {
		t.Fatal(err)
	}
	got, run := find(t, s, Query{Terms: terms})
	if len(got.lines) != 1 || run.Stats.SegmentsSkipped < 3 || run.Stats.Frames-run.Stats.FramesSkipped > 3 {
		t.Errorf("%d lines, %+v", len(got.lines), run.Stats)
	}
}
