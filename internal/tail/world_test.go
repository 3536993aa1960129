package tail

import (
	"bytes"
	"context"
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

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

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
	// multiline is the setting of all sources.
	multiline string
	// onlyKnown is for rotated files.
	onlyKnown bool
	known     map[event.SourceID]frame.Source
	rules     rules
	// missing are the ranges that moved with the last seal.
	missing []frame.Missing
	engine  *Engine
	batch   event.Batch
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, dir: t.TempDir(), decoder: Container,
		now:   time.Date(2026, 3, 5, 10, 11, 0, 0, time.UTC),
		known: make(map[event.SourceID]frame.Source),
	}
	w.opts = Options{
		Node: "node", MaxLine: 1 << 20, Silence: time.Minute,
		Now:       func() time.Time { return w.now },
		Positions: durable{w},
	}
	w.rules = newRules()
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
// "a.log.2", "a.log.1.gz" is its
// compression, and what is before ".log" names the chain.
var logName = regexp.MustCompile(`^(\w+)\.log(?:\.(\d+))?(\.gz)?$`)

func (w *world) Scan(_ context.Context, _ string, yield func(Target)) error {
	entries, err := os.ReadDir(w.dir)
	for _, e := range entries {
		m := logName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		t := Target{
			Root: w.dir, Name: e.Name(), Chain: m[1], PathIdentity: strings.TrimRight(m[1], "0123456789"), Order: Live,
			Decoder: w.decoder, Compressed: m[3] != "", Start: w.start, Superseded: slices.Contains(w.dead, m[1]),
		}
		if m[2] != "" {
			t.Order, t.OnlyKnown = int64(w.number(m[2])), w.onlyKnown
		}
		if w.onlyKnown {
			t.Chain = w.path(m[1] + ".log")
		}
		yield(t)
	}
	return err
}

func (w *world) Watch() []string { return []string{w.dir} }

func (w *world) Describe(t *Target) event.Source {
	name := t.PathIdentity
	return event.Source{PodUID: name, Class: w.rules.class[name], Settings: event.Settings{Multiline: w.multiline}}
}

// rules are a gate that excludes path identities, and what else may change of
// them: until when they were excluded last, ns, and their class.
type rules struct {
	excluded map[string]bool
	until    map[string]int64
	class    map[string]string
}

func newRules() rules { return rules{map[string]bool{}, map[string]int64{}, map[string]string{}} }

func (rules) Ready(*event.Source) bool { return true }

func (r rules) Excluded(identity string) (rule string, until int64) {
	if r.excluded[identity] {
		rule = "annotation"
	}
	return rule, r.until[identity]
}

// exclude begins or ends to exclude a path identity.
func (w *world) exclude(name string, excluded bool) {
	w.rules.excluded[name] = excluded
	if !excluded {
		w.rules.until[name] = w.now.UnixNano()
	}
	w.agent().Refresh(name)
}

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
	if b.MaybeSeen {
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
func (w *world) seal(class string) string {
	var lines []string
	w.missing = nil
	for _, s := range w.agent().Lane(0).States(class, nil) {
		lines = append(lines, describeState(&s))
		s.Counts = event.Counts{}
		w.missing = append(w.missing, frame.Missing{From: w.known[s.ID], To: s})
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
