package search

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// words are what random lines are made of: what a literal search could be
// fooled by stands among them.
var words = []string{
	"timeout", "Timeout", "TIMEOUT", "time out", "refused", `"quoted"`, `back\slash`, "a/b", "k=v",
	"größe", "\u212aelvin", "di\u017fk", "disk", "\x1b[31mred", "tab\tbed", "connection", "503", "漢字", "", "x",
}

// randomShelf has lines of several pods, whose times overlap between frames
// and are out of order within them.
func randomShelf(r *rand.Rand, frames int) (*shelf, []line) {
	s, all := newShelf(), []line(nil)
	for f := range frames {
		if f%7 == 0 {
			s.segment()
		}
		var lines []line
		for range r.IntN(30) {
			lines = append(lines, randomLine(r, time.Duration(f)*100*time.Millisecond))
		}
		s.frame(lines...)
		all = append(all, lines...)
	}
	return s, all
}

func randomLine(r *rand.Rand, at time.Duration) line {
	services := []string{"cart", "edge", "pay"}
	l := line{
		at: at + time.Duration(r.IntN(500))*time.Millisecond, ns: []string{"shop", "ops"}[r.IntN(2)],
		service: services[r.IntN(3)], severity: 1 + r.IntN(24),
	}
	l.pod = l.service + "-0"
	for range 1 + r.IntN(4) {
		l.body += words[r.IntN(len(words))] + " "
	}
	if r.IntN(3) == 0 {
		l.attrs = fmt.Sprintf(`,"http.response.status_code":%d,"err":%s`, 200+r.IntN(400), quote(words[r.IntN(len(words))]))
	}
	if r.IntN(5) == 0 {
		l.attrs = `,"hidden":"time\u006fut","slash":"a\/b"`
	}
	return l
}

// TestFindsWhatANaiveScanFinds compares searches, with all their short cuts,
// to reading every document and trying the expression on it.
func TestFindsWhatANaiveScanFinds(t *testing.T) {
	patterns := []struct {
		expr string
		o    PatternOptions
	}{
		{"timeout", PatternOptions{}}, {"timeout", PatternOptions{IgnoreCase: true}}, {"timeout", PatternOptions{Fixed: true}},
		{"TIME", PatternOptions{IgnoreCase: true, Fixed: true}}, {"time ?out|refused", PatternOptions{}}, {`"quoted"`, PatternOptions{Fixed: true}},
		{`back\slash`, PatternOptions{Fixed: true}}, {"a/b", PatternOptions{}}, {"k=v", PatternOptions{}}, {"größe", PatternOptions{IgnoreCase: true}},
		{"kelvin", PatternOptions{IgnoreCase: true}}, {"disk", PatternOptions{IgnoreCase: true}}, {"tab\tbed", PatternOptions{}},
		{"x", PatternOptions{Word: true}}, {"status_code=5", PatternOptions{}}, {"status_code=5..$", PatternOptions{}},
		{"timeout", PatternOptions{Invert: true}}, {"", PatternOptions{}}, {"漢.", PatternOptions{}}, {"(dis|conn)(k|ection)", PatternOptions{}},
		{"^time", PatternOptions{}}, {"[0-9]{3}", PatternOptions{}}, {`\x1b\[31m`, PatternOptions{}}, {"error", PatternOptions{Word: true}},
	}
	r := rand.New(rand.NewPCG(1, 2))
	s, all := randomShelf(r, 40)
	for _, p := range patterns {
		t.Run(fmt.Sprintf("%s %+v", p.expr, p.o), func(t *testing.T) {
			pattern, err := CompilePattern(p.expr, p.o)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := find(t, s, Query{Pattern: pattern})
			want := naive(t, all, p.expr, p.o)
			slices.Sort(got.lines)
			if diff := cmp.Diff(want, got.lines); diff != "" {
				t.Errorf("naive scan (-) and search (+) differ:\n%s", diff)
			}
		})
	}
}

// naive are the bodies of the lines that have the pattern, sorted.
func naive(t *testing.T, all []line, expr string, o PatternOptions) (found []string) {
	re := regexp.MustCompile(source(expr, o))
	for _, l := range all {
		var d Document
		if err := d.Read([]byte(l.document())); err != nil {
			t.Fatal(err)
		}
		match := false
		for text := range d.Texts() {
			match = match || re.Match(text)
		}
		if match != o.Invert {
			found = append(found, l.body)
		}
	}
	slices.Sort(found)
	return found
}

// TestLinesComeInOrderOfTime holds however frames overlap.
func TestLinesComeInOrderOfTime(t *testing.T) {
	for seed := range uint64(20) {
		s, all := randomShelf(rand.New(rand.NewPCG(seed, 0)), 30)
		got, run := find(t, s, Query{})
		if !slices.IsSorted(got.times) || len(got.times) != len(all) || run.Stats.Late != 0 {
			t.Errorf("seed %d: %d of %d lines, sorted: %v, %d said to be late", seed, len(got.times), len(all), slices.IsSorted(got.times), run.Stats.Late)
		}
	}
}

// TestManySmallFrames: a segment of more frames than are known at a time keeps
// the order, also when its last frame has the earliest line.
func TestManySmallFrames(t *testing.T) {
	const part, frames = 10, 64
	s := newShelf()
	for i := range frames {
		s.frame(line{at: time.Duration(i) * time.Millisecond, ns: "n", pod: "p", service: "s", body: strconv.Itoa(i)})
	}
	s.frame(line{at: -time.Hour, ns: "n", pod: "p", service: "s", body: "first"})
	s.segment()
	var g gathered
	run := Search{Reader: s, Query: Query{Keep: bodies}, Sink: &g, partSize: part}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(g.lines) != frames+1 || g.lines[0] != "first" || !slices.IsSorted(g.times) || run.Stats.Late > 0 || run.Stats.Frames != frames+1 {
		t.Errorf("%d lines, the first is %q, stats %+v", len(g.lines), g.lines[0], run.Stats)
	}
	var last gathered
	tail := Search{Reader: s, Query: Query{Keep: bodies}, Sink: &last, partSize: part}
	if err := tail.Tail(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := tail.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{strconv.Itoa(frames - 2), strconv.Itoa(frames - 1)}
	if diff := cmp.Diff(want, last.lines); diff != "" {
		t.Error(diff)
	}
}

// TestMoreThanFitsComesLate: when more bytes wait than memory allows, nothing
// is left out, and the lines out of order are counted.
func TestMoreThanFitsComesLate(t *testing.T) {
	s := newShelf()
	long := strings.Repeat("x", 40<<10)
	for range 2 { // two frames over the same two minutes
		var lines []line
		for i := range 120 {
			lines = append(lines, line{at: time.Duration(i) * time.Second, body: long})
		}
		s.frame(lines...)
	}
	got, run := find(t, s, Query{})
	if len(got.lines) != 240 || run.Stats.Late == 0 {
		t.Errorf("%d lines, %d late", len(got.lines), run.Stats.Late)
	}
}

func TestFilters(t *testing.T) {
	s := newShelf()
	s.frame(
		line{at: 1 * time.Second, ns: "shop", pod: "cart-5d9-abc", service: "cart", severity: 9, body: "one", labels: `,"k8s.pod.label.app":"cart","k8s.pod.label.tier":"back"`},
		line{at: 2 * time.Second, ns: "shop", pod: "cartography-0", service: "map", severity: 17, body: "two", labels: `,"k8s.pod.label.app":"map"`},
	)
	s.segment()
	s.frame(
		line{at: 3 * time.Second, ns: "edge", pod: "gw-0", service: "nginx", body: "three", attrs: `,"http.response.status_code":503`},
		line{at: 4 * time.Second, ns: "edge", pod: "gw-0", service: "nginx", body: "four", attrs: `,"http.response.status_code":404`},
	)
	second := func(n int) int64 { return base.Add(time.Duration(n) * time.Second).UnixNano() }
	tests := map[string]struct {
		q    Query
		want string
	}{
		"everything":          {Query{}, "one two three four"},
		"since is included":   {Query{Since: second(3)}, "three four"},
		"until is not":        {Query{Until: second(3)}, "one two"},
		"namespace":           {Query{Scope: Scope{Namespace: "edge"}}, "three four"},
		"namespace pattern":   {Query{Scope: Scope{Namespace: "*o*"}}, "one two"},
		"pod by workload":     {Query{Scope: Scope{Pod: "cart"}}, "one"},
		"pod by its name":     {Query{Scope: Scope{Pod: "cartography-0"}}, "two"},
		"container":           {Query{Scope: Scope{Container: "nginx"}}, "three four"},
		"container of no pod": {Query{Scope: Scope{Container: "nginx", Pod: "cart"}}, ""},
		"level":               {Query{Level: 13}, "two"},
		"status class":        {Query{Status: &StatusRange{500, 599}}, "three"},
		"label":               {Query{Scope: Scope{Labels: labels(t, "app=cart,tier")}}, "one"},
		"label not":           {Query{Scope: Scope{Namespace: "shop", Labels: labels(t, "app!=cart")}}, "two"},
		"label absent":        {Query{Scope: Scope{Labels: labels(t, "!app")}}, "three four"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := find(t, s, test.q)
			if joined := strings.Join(got.lines, " "); joined != test.want {
				t.Errorf("found %q, want %q", joined, test.want)
			}
		})
	}
}

func labels(t *testing.T, selector string) []Label {
	l, err := ParseLabels(selector)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestOnlyFramesInScopeAreInflated: a pod's lines are found by the files that
// frames say they contain.
func TestOnlyFramesInScopeAreInflated(t *testing.T) {
	s := newShelf()
	for i := range 10 {
		s.frame(line{at: time.Duration(i), ns: "shop", pod: fmt.Sprintf("cart-%d", i), service: "cart", body: "hello"})
	}
	got, run := find(t, s, Query{Scope: Scope{Pod: "cart-3"}})
	if len(got.lines) != 1 || run.Stats.FramesSkipped != 9 {
		t.Errorf("%d lines; %d of %d frames skipped", len(got.lines), run.Stats.FramesSkipped, run.Stats.Frames)
	}
}

// TestShortCutsOfFilters: what is looked for before documents are read finds
// no less than reading them all does.
func TestShortCutsOfFilters(t *testing.T) {
	s, all := randomShelf(rand.New(rand.NewPCG(3, 4)), 30)
	for _, level := range []string{"debug", "warn", "error", "fatal"} {
		q := Query{Level: levels[level]}
		got, _ := find(t, s, q)
		want := 0
		for _, l := range all {
			if l.severity >= q.Level {
				want++
			}
		}
		if len(got.lines) != want || want == 0 {
			t.Errorf("%d lines of %s and worse, want %d", len(got.lines), level, want)
		}
	}
	got, _ := find(t, s, Query{Status: &StatusRange{200, 299}})
	want := strings.Count(fmt.Sprint(all), statusKey+`":2`)
	if len(got.lines) != want || want == 0 {
		t.Errorf("%d lines of status 2xx, want %d", len(got.lines), want)
	}
}

// TestMemoryDoesNotGrowWithFrames: a frame of 32 MiB is looked through in
// pieces.
func TestMemoryDoesNotGrowWithFrames(t *testing.T) {
	s := newShelf()
	lines := make([]line, 16)
	for i := range lines {
		lines[i] = line{at: time.Duration(i), ns: "n", pod: "p", service: "s", body: strings.Repeat("nothing to see here ", 10)}
	}
	var many []line
	for range 4000 {
		many = append(many, lines...)
	}
	s.frame(many...)
	plain := s.volumes[0].frames[0].Meta.PlainSize
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, _ := find(t, s, Query{Pattern: pattern(t, "something else")})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; plain < 32<<20 || len(got.lines) > 0 || took > 4<<20 {
		t.Errorf("%d bytes were allocated to look through %d", took, plain)
	}
}

// TestSegmentsMayVanish: retention deletes what is being read.
func TestSegmentsMayVanish(t *testing.T) {
	s := newShelf()
	for i := range 3 {
		s.segment()
		s.frame(line{at: time.Duration(i) * time.Second, body: fmt.Sprint("line ", i)})
	}
	s.volumes[0].gone = true
	got, run := find(t, s, Query{})
	if diff := cmp.Diff([]string{"line 1", "line 2"}, got.lines); diff != "" || run.Stats.SegmentsGone != 1 {
		t.Errorf("%d segments gone; lines (-want +got):\n%s", run.Stats.SegmentsGone, diff)
	}
}

// TestRewrittenFramesCountOnce: after a failed fsync the journal writes frames
// again, with their numbers, into a new segment; the new ones count.
func TestRewrittenFramesCountOnce(t *testing.T) {
	s := newShelf()
	s.frame(line{at: 1, body: "durable"})
	s.frame(line{at: 2, body: "old copy"})
	s.seq--
	s.segment()
	s.frame(line{at: 2, body: "new copy"})
	s.frame(line{at: 3, body: "next"})
	got, _ := find(t, s, Query{})
	if diff := cmp.Diff([]string{"durable", "new copy", "next"}, got.lines); diff != "" {
		t.Error(diff)
	}
}

// TestDamageIsReportedAndPassed: one bad frame costs its own lines only.
func TestDamageIsReportedAndPassed(t *testing.T) {
	s := newShelf()
	for i := range 3 {
		s.frame(line{at: time.Duration(i), body: strings.Repeat(fmt.Sprint("line ", i, " "), 50)})
	}
	bad := s.volumes[0].frames[1].Payload
	bad[len(bad)/2] ^= 0xff
	var g gathered
	var damage []string
	run := Search{Reader: s, Sink: &g, Query: Query{Keep: bodies}, Damaged: func(err error) { damage = append(damage, err.Error()) }}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(g.lines) < 2 || len(damage) == 0 || !strings.Contains(strings.Join(damage, "\n"), "frame 2 ") {
		t.Errorf("%d lines, damage: %q", len(g.lines), damage)
	}
}
