package shipping

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the scenarios' outputs")

// TestScenarios runs testdata/*.scenario: commands, each followed by what the
// core decided, indented. Frames are numbered from 1 and documents from 0;
// 2/7 is document 7 of frame 2. Waits are not jittered.
//
//	flush BYTES                  instead of 1,000
//	frame DOCS [plain=BYTES]     a frame was read from the cursor
//	next                         what to do now
//	sleep DURATION
//	window N                     up to N requests in flight instead of 1
//	reply VERDICT [after=D] [sig=S] [status=N] [parts=N] [items F/D=OUTCOME…]
//	                             to the oldest request in flight; "last" to the
//	                             youngest
//	backend RULE…                how run answers: ok, down, refuse=F/D, max=BYTES,
//	                             pressure=BYTES, first-member, busy=F/D, missing=F/D
//	run [STEPS]                  next, sleep and reply until nothing is left
func TestScenarios(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.scenario")
	if len(files) == 0 {
		t.Fatal("no scenarios")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runScenario(t, file) })
	}
}

func runScenario(t *testing.T, file string) {
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newScenario(t)
	var out bytes.Buffer
	for line := range strings.Lines(string(old)) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		out.WriteString(line)
		if text := strings.TrimSpace(line); text != "" && text[0] != '#' {
			s.out = &out
			s.command(strings.Fields(text))
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(old), out.String()); diff != "" && !*rewrite {
		t.Errorf("decisions changed (-want +got), run with -rewrite to accept:\n%s", diff)
	}
}

type scenario struct {
	t     *testing.T
	out   *bytes.Buffer
	core  *core
	now   time.Time
	start time.Time
	// names are the flights' numbers.
	names map[*flight]int
	// sent is what next gave, flying the batches that were not answered.
	sent   *batch
	flying []*batch
	rules  []string
	// single says that the backend was found to answer for the first member
	// only, so that the exporter sends it no more.
	single bool
}

func newScenario(t *testing.T) *scenario {
	start := time.Unix(0, 0).UTC()
	return &scenario{t: t, now: start, start: start, names: map[*flight]int{}, core: newCore(policy{
		flush:  Flush{Interval: time.Second, Bytes: 1000},
		retry:  Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: 10 * time.Second},
		jitter: func(d time.Duration) time.Duration { return d },
		parks:  true, rewrites: true,
	})}
}

func (s *scenario) printf(format string, args ...any) {
	fmt.Fprintf(s.out, "  "+format+"\n", args...)
}

func (s *scenario) command(words []string) {
	switch args := words[1:]; words[0] {
	case "frame":
		s.frame(args)
	case "next":
		s.next()
	case "sleep":
		s.now = s.now.Add(s.duration(args[0]))
	case "reply":
		s.reply(args)
	case "backend":
		s.rules = args
	case "flush":
		s.core.flush.Bytes = s.number(args[0])
		s.core.limit = s.core.flush.Bytes
	case "window":
		s.core.window.most = s.number(args[0])
	case "drain":
		s.core.draining = true
	case "run":
		s.run(args)
	default:
		s.t.Fatalf("unknown command %q", words[0])
	}
}

func (s *scenario) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *scenario) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *scenario) frame(args []string) {
	f := &flight{docs: s.number(args[0])}
	f.plain = 100 * f.docs
	if len(args) > 1 {
		f.plain = s.number(strings.TrimPrefix(args[1], "plain="))
	}
	s.names[f] = len(s.names) + 1
	s.core.add(f, s.now)
	s.landings()
}

func (s *scenario) landings() {
	for f := s.core.landed(); f != nil; f = s.core.landed() {
		c := f.counts
		s.printf("done %d: stored %d dead %d parked %d", s.names[f], c.stored.Docs, c.dead.Docs, c.parked.Docs)
	}
}

// next shows the step and reports whether something is sent or waited for.
func (s *scenario) next() bool {
	sent, until := s.core.next(s.now)
	s.sent = sent
	at := s.now.Sub(s.start)
	switch {
	case sent != nil:
		s.flying = append(s.flying, sent)
		var parts []string
		for _, f := range sent.fragments {
			parts = append(parts, s.describe(f))
		}
		s.printf("%v send %s", at, strings.Join(parts, " "))
	case until.IsZero() && len(s.flying) > 0:
		s.printf("%v wait for an answer or a frame", at)
		return false
	case until.IsZero():
		s.printf("%v wait for a frame", at)
		return false
	default:
		s.printf("%v wait %v", at, until.Sub(s.now))
		s.now = until
	}
	return true
}

// describe is "frame" for a whole frame, else "frame[documents]".
func (s *scenario) describe(f *fragment) string {
	name := strconv.Itoa(s.names[f.flight])
	if f.docs != nil {
		name += ranges(f.docs)
	}
	if f.rewritten {
		name += " rewritten"
	}
	if f.alone {
		name += " alone"
	}
	return name
}

// ranges shortens [3 4 5 9] to [3-5 9].
func ranges(docs []int) string {
	var parts []string
	for i := 0; i < len(docs); {
		j := i
		for j+1 < len(docs) && docs[j+1] == docs[j]+1 {
			j++
		}
		part := strconv.Itoa(docs[i])
		if j > i {
			part += "-" + strconv.Itoa(docs[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return "[" + strings.Join(parts, " ") + "]"
}

var verdictNames = map[string]Verdict{"ok": Answered, "items": Answered, "unavailable": Unavailable,
	"denied": Denied, "toolarge": TooLarge, "miscounted": Miscounted, "unclear": Unclear}

var outcomes = map[string]Outcome{"stored": Stored, "exists": Exists, "busy": Busy, "refused": Refused, "rejected": Rejected, "unfit": Unmappable}

func (s *scenario) reply(args []string) {
	verdict, ok := verdictNames[args[0]]
	if !ok {
		s.t.Fatalf("unknown verdict %q", args[0])
	}
	r := &Response{Verdict: verdict, Reason: args[0]}
	items := map[string]string{}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "after":
			r.RetryAfter = s.duration(value)
		case "sig":
			r.Signature, r.Raw = value, value
		case "status":
			r.Status = s.number(value)
		case "parts":
			r.Parts = s.number(value)
		case "last":
			n := len(s.flying) - 1
			s.flying[0], s.flying[n] = s.flying[n], s.flying[0]
		default:
			items[name] = value
		}
	}
	s.answer(r, items)
}

// answer gives the core r with the named items' outcomes, the others stored.
func (s *scenario) answer(r *Response, items map[string]string) {
	if len(s.flying) == 0 {
		s.t.Fatal("reply: nothing is in flight")
	}
	b := s.flying[0]
	s.flying = s.flying[1:]
	if r.Verdict == Answered {
		fragments := b.fragments
		if r.Parts > 0 {
			fragments = fragments[:r.Parts]
		}
		for _, f := range fragments {
			for i := range f.count() {
				s.item(r, items[fmt.Sprintf("%d/%d", s.names[f.flight], f.doc(i))])
			}
		}
	}
	before := s.core.window.limit()
	d := s.core.decide(s.now, b, r)
	if w := s.core.window.limit(); w != before {
		s.printf("window %d", w)
	}
	s.losses("dead", d.dead)
	s.losses("parked", d.parked)
	d.placed()
	s.landings()
	if tr := s.core.trouble; tr.Holding {
		s.printf("holding: %s", tr.Reason)
	}
}

func (s *scenario) item(r *Response, name string) {
	if name == "" {
		name = "stored"
	}
	o, ok := outcomes[name]
	if !ok {
		s.t.Fatalf("unknown outcome %q", name)
	}
	if o >= Busy {
		status := map[Outcome]int{Busy: 429, Refused: 404, Rejected: 400, Unmappable: 400}[o]
		r.Errors = append(r.Errors, ItemError{Doc: len(r.Outcomes), Status: status, Type: name, Reason: "because"})
	}
	r.Outcomes = append(r.Outcomes, o)
}

func (s *scenario) losses(what string, list []loss) {
	for _, l := range list {
		s.printf("%s %d/%d: %d %s: %s", what, s.names[l.flight], l.doc, l.why.Status, l.why.Type, l.why.Reason)
	}
}

// run plays the core against the backend.
func (s *scenario) run(args []string) {
	steps := 100
	if len(args) > 0 {
		steps = s.number(args[0])
	}
	for range steps {
		if !s.next() {
			return
		}
		if s.sent != nil {
			s.answer(s.backend())
		}
	}
	s.printf("...")
}

// backend is the answer to what was sent.
func (s *scenario) backend() (*Response, map[string]string) {
	items := map[string]string{}
	for _, rule := range s.rules {
		name, value, _ := strings.Cut(rule, "=")
		switch {
		case name == "down":
			return &Response{Verdict: Unavailable, Reason: "connection refused"}, nil
		case name == "first-member" && len(s.sent.fragments) > 1 && !s.single:
			s.single = true
			return &Response{Verdict: Miscounted, Reason: "too few items"}, nil
		case name == "first-member" && len(s.sent.fragments) > 1:
			return &Response{Parts: 1}, nil
		case name == "max" && s.sentBytes() > s.number(value):
			return &Response{Verdict: TooLarge, Status: 413, Reason: "too large"}, nil
		case name == "pressure" && s.sentBytes() > s.number(value):
			return &Response{Verdict: Unavailable, Status: 429, Reason: "too much at once"}, nil
		case name == "refuse" && (value == "all" || s.sentHas(value)):
			return &Response{Verdict: Unclear, Status: 403, Reason: "403 Forbidden", Signature: "403", Raw: "<html>blocked"}, nil
		case name == "busy":
			items[value] = "busy"
		case name == "missing":
			items[value] = "refused"
		}
	}
	return &Response{Verdict: Answered}, items
}

func (s *scenario) sentBytes() int {
	n := 0
	for _, f := range s.sent.fragments {
		n += f.size()
	}
	return n
}

func (s *scenario) sentHas(name string) bool {
	return slices.ContainsFunc(s.sent.fragments, func(f *fragment) bool {
		for i := range f.count() {
			if fmt.Sprintf("%d/%d", s.names[f.flight], f.doc(i)) == name {
				return true
			}
		}
		return false
	})
}

// TestScenariosSayWhatTheyShow keeps a scenario from being a list of commands
// without a reason.
func TestScenariosSayWhatTheyShow(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.scenario")
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		first := bufio.NewScanner(f)
		first.Scan()
		if !strings.HasPrefix(first.Text(), "# ") {
			t.Errorf("%s does not begin with a comment that says what it shows", file)
		}
		f.Close()
	}
}
