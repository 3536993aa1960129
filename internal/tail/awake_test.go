package tail

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// described is a provider that says something of its files.
type described struct {
	*world
	times int
}

func (d *described) Describe(t *Target) event.Source {
	d.times++
	return event.Source{Resource: []event.Attr{{Name: "log.file.name", Value: `"` + t.Name + `"`}}}
}

// components note what they are told of sources.
type components struct{ calls []string }

func (c *components) listen(l *Lane) {
	l.OnOpen = func(src *event.Source) { c.calls = append(c.calls, "open "+src.Resource[0].Value) }
	l.OnClose = func(src *event.Source) { c.calls = append(c.calls, "close "+src.Resource[0].Value) }
}

func (c *components) take() []string {
	defer func() { c.calls = nil }()
	return c.calls
}

// Quiet sources are forgotten by the components, and described anew when their
// next line comes; busy ones are not. The content goes on where it was.
func TestQuietSourcesSleep(t *testing.T) {
	w := newWorld(t)
	w.decoder = Plain
	d, told := &described{world: w}, &components{}
	w.opts.Providers = []Provider{d}
	w.engine = NewEngine(w.opts)
	told.listen(w.engine.Lane(0))
	step := func(want ...string) {
		t.Helper()
		w.engine.scan(context.Background(), "")
		w.engine.measure(w.now.UnixNano())
		for w.engine.Lane(0).Read(&w.batch) {
		}
		if got := told.take(); !slices.Equal(got, want) {
			t.Fatalf("the components were told %q, want %q", got, want)
		}
	}
	appendTo := func(name, text string) {
		f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		w.must(err)
		_, err = f.WriteString(text)
		w.must(err)
		w.must(f.Close())
	}

	appendTo("quiet.log", "one\n")
	appendTo("busy.log", "one\n")
	w.engine.scan(context.Background(), "")
	for w.engine.Lane(0).Read(&w.batch) {
	}
	if got := told.take(); len(got) != 2 {
		t.Fatalf("the components were told %q", got)
	}
	w.now = w.now.Add(time.Duration(sleepAfter) * 2 / 3)
	appendTo("busy.log", "two\n")
	step()
	w.now = w.now.Add(time.Duration(sleepAfter) * 2 / 3)
	step(`close "quiet.log"`)
	appendTo("busy.log", "three\n")
	appendTo("quiet.log", "two\n")
	w.now = w.now.Add(time.Second)
	step(`open "quiet.log"`)
	// Once at the start for each, and once when it woke up.
	if d.times != 3 {
		t.Errorf("files were described %d times, want 3", d.times)
	}
	for _, s := range w.engine.Lane(0).States(DefaultClass, nil) {
		if s.Offset != s.Size || s.Counts.Lines != uint64(s.Offset+1)/4 && s.Counts.Lines != 3 {
			t.Errorf("state: %s", describeState(&s))
		}
	}
}

// A lane in which nothing happens wakes up to put its sources to sleep, and
// then no more.
func TestWaitEndsToPutSourcesToSleep(t *testing.T) {
	w := newWorld(t)
	w.decoder = Plain
	w.must(os.WriteFile(w.path("a.log"), []byte("one\n"), 0o644))
	l := w.agent().Lane(0)
	w.engine.scan(context.Background(), "")
	for l.Read(&w.batch) {
	}
	if at := l.untilSleep(); at.IsZero() || time.Until(at) > time.Duration(sleepAfter) {
		t.Errorf("Wait ends at %v", at)
	}
	w.now = w.now.Add(time.Duration(sleepAfter))
	l.Read(&w.batch)
	if at := l.untilSleep(); !at.IsZero() {
		t.Errorf("with all asleep, Wait ends at %v", at)
	}
}
