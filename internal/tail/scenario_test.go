package tail

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scenarios")

// A scenario is a text of steps: a command, its input, a line of dashes and
// what must happen. A blank line ends a step. The commands are those of
// (*world).run; "@12" in an input is a time at second 12.
func runScenario(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	var got strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		got.WriteString(w.step(block))
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.TrimSpace(string(text)), strings.TrimSpace(got.String())); diff != "" {
		t.Errorf("%s: what happens differs (-want +got):\n%s", path, diff)
	}
}

// world is a directory of log files, a clock, and an agent that crashes and
// starts again over what it made durable.
type world struct {
	t       *testing.T
	dir     string
	now     time.Time
	opts    Options
	decoder Decoder
	start   Start
	dead    []string
	known   map[event.SourceID]frame.Source
	engine  *Engine
	batch   event.Batch
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, dir: t.TempDir(), decoder: CRI,
		now:   time.Date(2026, 3, 5, 10, 11, 0, 0, time.UTC),
		known: make(map[event.SourceID]frame.Source),
	}
	w.opts = Options{
		Node: "node", MaxLine: 1 << 20, Silence: time.Minute,
		Now:       func() time.Time { return w.now },
		Positions: durable{w},
	}
	t.Cleanup(w.crash)
	return w
}

func (w *world) crash() {
	if w.engine != nil {
		w.engine.closeAll()
		w.engine = nil
	}
}

// agent is the running engine; it starts when it is needed.
func (w *world) agent() *Engine {
	if w.engine == nil {
		w.opts.Providers = []Provider{w}
		w.engine = NewEngine(w.opts)
	}
	return w.engine
}

func (w *world) step(block string) string {
	lines := strings.Split(block, "\n")
	var comments []string
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		comments, lines = append(comments, lines[0]), lines[1:]
	}
	input := lines[min(1, len(lines)):]
	if i := slices.Index(lines, "----"); i >= 0 {
		input = lines[1:i]
	}
	out := strings.Join(comments, "\n")
	if len(lines) == 0 {
		return out + "\n\n"
	}
	if out != "" {
		out += "\n"
	}
	out += lines[0] + "\n"
	for _, l := range input {
		out += l + "\n"
	}
	if result := w.run(strings.Fields(lines[0]), input); result != "" {
		out += "----\n" + result
	}
	return out + "\n"
}

func (w *world) run(cmd, input []string) string {
	switch cmd[0] {
	case "config":
		w.configure(cmd[1:])
	case "append", "append-open":
		w.append(cmd[1], input, cmd[0] == "append")
	case "fill":
		w.fill(cmd[1], cmd[2], cmd[3])
	case "rename":
		w.must(os.Rename(w.path(cmd[1]), w.path(cmd[2])))
	case "copy":
		p, err := os.ReadFile(w.path(cmd[1]))
		w.must(err)
		w.must(os.WriteFile(w.path(cmd[2]), p, 0o644))
	case "unlink":
		w.must(os.Remove(w.path(cmd[1])))
	case "touch":
		w.write(cmd[1], "")
	case "truncate":
		w.must(os.Truncate(w.path(cmd[1]), int64(w.number(cmd[2]))))
	case "symlink":
		w.must(os.Symlink(cmd[1], w.path(cmd[2])))
	case "supersede":
		w.dead = append(w.dead, cmd[1])
	case "advance":
		d, err := time.ParseDuration(cmd[1])
		w.must(err)
		w.now = w.now.Add(d)
	case "crash":
		w.crash()
	case "look":
		w.look()
	case "read":
		w.look()
		return w.read()
	case "settle":
		w.look()
		w.agent().settle()
		return w.read()
	case "read-unseen":
		return w.read()
	case "seal":
		return w.seal()
	case "files":
		w.look()
		return w.files()
	default:
		w.t.Fatalf("no command %q", cmd[0])
	}
	return ""
}

func (w *world) configure(args []string) {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "decoder":
			w.decoder = map[string]Decoder{"plain": Plain, "cri": CRI}[value]
		case "max-line":
			w.opts.MaxLine = w.number(value)
		case "budget":
			w.opts.Budget = w.number(value)
		case "unlinked-bytes":
			w.opts.UnlinkedBytes = int64(w.number(value))
		case "silence":
			w.opts.Silence = time.Duration(w.number(value)) * time.Second
		case "start":
			w.start = Start{End: value == "end"}
			if value != "end" {
				w.start.Since = w.now.Add(time.Duration(w.number(value)) * time.Second)
			}
		case "positions":
			w.opts.PositionsLost = value == "lost"
		default:
			w.t.Fatalf("no option %q", key)
		}
	}
}

var second = regexp.MustCompile(`@(\d\d)`)

func (w *world) append(name string, lines []string, complete bool) {
	text := second.ReplaceAllString(strings.Join(lines, "\n"), "2026-03-05T10:11:${1}Z")
	if complete {
		text += "\n"
	}
	w.write(name, text)
}

// fill appends a line, or a piece of one, of so many bytes.
func (w *world) fill(name, size, kind string) {
	head := map[string]string{"open": "", "line": "", "P": "2026-03-05T10:11:12Z stdout P ", "F": "2026-03-05T10:11:12Z stdout F "}[kind]
	text := head + strings.Repeat("x", w.number(size)-len(head))
	if kind != "open" {
		text += "\n"
	}
	w.write(name, text)
}

func (w *world) write(name, text string) {
	f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	w.must(err)
	_, err = f.WriteString(text)
	w.must(err)
	w.must(f.Close())
}

func (w *world) look() {
	w.agent().scan(context.Background(), "")
	for _, c := range w.agent().chains {
		for _, f := range c.files {
			f.poll.hurry()
		}
	}
	w.agent().measure(w.now.UnixNano())
}

// read reads until nothing is ready.
func (w *world) read() string {
	var out strings.Builder
	l := w.agent().Lane(0)
	for l.Read(&w.batch) {
		for i := range w.batch.Records {
			rec := &w.batch.Records[i]
			w.batch.Source.Counts.DocLines += uint64(rec.Lines)
			fmt.Fprintln(&out, describe(&w.batch, rec))
		}
	}
	return out.String()
}

func describe(b *event.Batch, rec *event.Record) string {
	out := fmt.Sprintf("%s gen=%d [%d,%d)", b.Source.Identity.Path, b.Source.Identity.Generation, rec.Start, rec.End)
	if rec.Stream != event.StreamNone {
		out += " " + rec.Stream.String()
	}
	if rec.Time != 0 {
		out += time.Unix(0, rec.Time).UTC().Format(" @05")
	}
	if rec.Lines != 1 {
		out += fmt.Sprintf(" lines=%d", rec.Lines)
	}
	for _, f := range []struct {
		flag event.Flags
		name string
	}{{event.Truncated, "truncated"}, {event.Continuation, "continuation"}, {event.Malformed, "malformed"}} {
		if rec.Flags&f.flag != 0 {
			out += " " + f.name
		}
	}
	if b.Source.MaybeSeen {
		out += " maybe-seen"
	}
	return out + " " + shorten(b.Bytes(rec.Line))
}

func shorten(p []byte) string {
	if len(p) > 60 {
		return fmt.Sprintf("%q+%d", p[:10], len(p)-10)
	}
	return strconv.Quote(string(p))
}

// seal makes the states durable, as a frame would.
func (w *world) seal() string {
	var lines []string
	l := w.agent().Lane(0)
	for _, s := range append(l.States("", nil), l.States(vanishedClass, nil)...) {
		lines = append(lines, describeState(&s))
		s.Counts = event.Counts{}
		w.known[s.ID] = s
	}
	sort.Strings(lines)
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func describeState(s *frame.Source) string {
	modes := [...]string{"", "open", "skip", "rest"}
	out := fmt.Sprintf("%s gen=%d %s offset=%d", s.Identity.Path, s.Identity.Generation, filepath.Base(s.Path), s.Offset)
	if s.Line != frame.ModeNormal {
		out += " line=" + modes[s.Line]
	}
	for i, st := range s.Streams {
		if st.Mode == frame.ModeOpen {
			out += fmt.Sprintf(" %v=open@%d", event.Stream(i), st.Open)
		} else if st.Mode != frame.ModeNormal {
			out += fmt.Sprintf(" %v=%s", event.Stream(i), modes[st.Mode])
		}
	}
	if s.Final {
		out += " final"
	}
	c := s.Counts
	out += fmt.Sprintf(" read=%d/%d", c.Lines, c.Bytes)
	if c.LostBytes > 0 {
		out += fmt.Sprintf(" lost=%d", c.LostBytes)
	}
	if c.DroppedLines > 0 {
		out += fmt.Sprintf(" dropped=%d", c.DroppedLines)
	}
	if c.Lines != c.DocLines+c.DroppedLines {
		out += fmt.Sprintf(" LEDGER: docs=%d", c.DocLines)
	}
	return out
}

func (w *world) files() string {
	var out bytes.Buffer
	for _, f := range w.agent().Files() {
		fmt.Fprintf(&out, "%s %d/%d %v", filepath.Base(f.Path), f.Offset, f.Size, f.State)
		if f.Reason != "" {
			fmt.Fprintf(&out, ": %s", f.Reason)
		}
		if f.Unlinked {
			out.WriteString(", deleted")
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) number(s string) int {
	n, err := strconv.Atoi(s)
	w.must(err)
	return n
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// The world is its own provider: "a.log" is live, "a.log.1" older than
// "a.log.2", and what is before ".log" names the chain.
var logName = regexp.MustCompile(`^(\w+)\.log(?:\.(\d+))?$`)

func (w *world) Scan(_ context.Context, _ string, yield func(Target)) error {
	entries, err := os.ReadDir(w.dir)
	for _, e := range entries {
		m := logName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		t := Target{
			Root: w.dir, Name: e.Name(), Chain: m[1], PathIdentity: strings.TrimRight(m[1], "0123456789"), Order: Live,
			Decoder: w.decoder, Start: w.start, Superseded: slices.Contains(w.dead, m[1]),
		}
		if m[2] != "" {
			t.Order = int64(w.number(m[2]))
		}
		yield(t)
	}
	return err
}

func (w *world) Watch() []string               { return []string{w.dir} }
func (w *world) Describe(*Target) event.Source { return event.Source{} }

// durable are the positions that were sealed.
type durable struct{ w *world }

func (d durable) Find(path string) []frame.Source {
	return slices.DeleteFunc(d.Entries(), func(s frame.Source) bool { return s.Identity.Path != path })
}

func (d durable) Entries() []frame.Source {
	var all []frame.Source
	for _, s := range d.w.known {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b frame.Source) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all
}

func (d durable) Present(event.SourceID, bool) {}
