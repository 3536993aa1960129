package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/filter"
	"github.com/tailrace/tailrace/processors/parse"
)

// script is a Reader that hands out batches of lines, then waits.
type script struct {
	src     *event.Source
	batches [][]string
	offset  int64
	moved   bool
}

func newScript(batches ...[]string) *script {
	src := &event.Source{Container: "shop_cart-0_u/cart", Namespace: "shop", Path: "/pods/cart/0.log", Class: "default"}
	src.ID = src.Identity.IDOn("node")
	return &script{src: src, batches: batches}
}

func (s *script) Read(b *event.Batch) bool {
	if len(s.batches) == 0 {
		return false
	}
	b.Reset(s.src)
	for _, text := range s.batches[0] {
		line := b.Append([]byte(text))
		start := s.offset
		s.offset += int64(len(text)) + 1
		b.Records = append(b.Records, event.Record{Raw: line, Line: line, Start: start, End: s.offset, Lines: 1, Observed: 1})
		s.src.Counts.Lines++
	}
	s.batches, s.moved = s.batches[1:], true
	return true
}

func (s *script) Wait(ctx context.Context, until time.Time) {
	var timer <-chan time.Time
	if !until.IsZero() {
		timer = time.After(time.Until(until))
	}
	select {
	case <-ctx.Done():
	case <-timer:
	}
}

func (s *script) States(class string, dst []frame.Source) []frame.Source {
	if !s.moved || class != s.src.Class {
		return dst
	}
	s.moved = false
	dst = append(dst, frame.Source{ID: s.src.ID, Path: s.src.Path, Offset: s.offset, Counts: s.src.Counts})
	s.src.Counts = event.Counts{}
	return dst
}

// tray is an Appender that keeps frames, or refuses them with err.
type tray struct {
	frames []*frame.Sealed
	times  []time.Time
	err    error
}

func (t *tray) Append(_ context.Context, s *frame.Sealed) error {
	if t.err != nil {
		return t.err
	}
	t.frames, t.times = append(t.frames, s), append(t.times, time.Now())
	return nil
}

// newTestLane is a lane over r as the agent makes it.
func newTestLane(t *testing.T, r Reader, out Appender, flush Flush, more ...Processor) *lane {
	t.Helper()
	var w telemetry.Watchdog
	l := &lane{
		reader: r, processors: []Processor{parse.New(parse.Options{})},
		encoder: encode.New(encode.Options{Node: "node"}), journal: out,
		flush: flush, log: slog.New(slog.DiscardHandler), pulse: w.Watch("a lane", time.Minute),
	}
	for _, p := range more {
		l.add(p)
	}
	l.openSource(r.(*script).src)
	return l
}

func lines(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s %d %s", prefix, i, strings.Repeat("x", 100))
	}
	return all
}

func TestAFrameIsSealedWhenItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &tray{}
		l := newTestLane(t, newScript(lines("a", 3)), out, Flush{Interval: 200 * time.Millisecond, Bytes: 1 << 20})
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l.run(ctx)
		if len(out.frames) != 1 {
			t.Fatalf("%d frames, want 1", len(out.frames))
		}
		if age := out.times[0].Sub(begin); age != 200*time.Millisecond {
			t.Errorf("sealed after %s, want 200ms", age)
		}
		checkFrame(t, &out.frames[0].Meta, 3, 0)
	})
}

func TestAFrameIsSealedWhenItIsLarge(t *testing.T) {
	out := &tray{}
	l := newTestLane(t, newScript(lines("a", 200), lines("b", 200), lines("c", 1)), out, Flush{Interval: time.Hour, Bytes: 64 << 10})
	ctx, cancel := context.WithCancel(t.Context())
	for len(l.reader.(*script).batches) > 0 {
		l.reader.Read(&l.batch)
		l.consume(ctx)
	}
	if len(out.frames) != 2 {
		t.Errorf("%d frames while running, want 2 of 64 KiB", len(out.frames))
	}
	cancel()
	l.run(ctx)
	if len(out.frames) != 3 || out.frames[2].Meta.Docs != 1 {
		t.Errorf("what was read before the end must be sealed at the end")
	}
}

func TestLinesDroppedByARuleMoveThePositionAndAreCounted(t *testing.T) {
	out := &tray{}
	drop, err := filter.New(filter.Config{Rules: []filter.Rule{{Name: "noise", Match: map[string]any{"body": map[string]any{"prefix": "noise"}}, Action: "drop"}}})
	if err != nil {
		t.Fatal(err)
	}
	l := newTestLane(t, newScript(lines("noise", 5)), out, Flush{Interval: time.Hour, Bytes: 1 << 20}, drop)
	ctx, cancel := context.WithCancel(t.Context())
	l.reader.Read(&l.batch)
	l.consume(ctx)
	cancel()
	l.run(ctx)
	if len(out.frames) != 1 {
		t.Fatalf("%d frames, want one without documents", len(out.frames))
	}
	m := &out.frames[0].Meta
	checkFrame(t, m, 0, 5)
	if len(m.Rules) != 1 || m.Rules[0] != (frame.RuleCount{Name: "noise", Lines: 5}) {
		t.Errorf("rules: %+v", m.Rules)
	}
	if m.Sources[0].Offset == 0 {
		t.Error("dropped lines must not be read again")
	}
}

func checkFrame(t *testing.T, m *frame.Meta, docs uint32, dropped uint64) {
	t.Helper()
	if m.Docs != docs || m.Counts.DocLines != uint64(docs) || m.Counts.DroppedLines != dropped {
		t.Errorf("docs %d, counts %+v, want %d documents and %d dropped lines", m.Docs, m.Counts, docs, dropped)
	}
	if m.Counts.Lines != m.Counts.DocLines+m.Counts.DroppedLines {
		t.Errorf("the ledger does not add up: %+v", m.Counts)
	}
}

// A frame behind a missing one would move positions past the missing lines.
func TestNothingIsHandedOverBehindARefusedFrame(t *testing.T) {
	out := &tray{err: errors.New("the journal is closed")}
	l := newTestLane(t, newScript(lines("a", 1), lines("b", 1)), out, Flush{Interval: time.Hour, Bytes: 1 << 20})
	for range 2 {
		l.reader.Read(&l.batch)
		l.consume(t.Context())
		l.sealAll(t.Context())
		out.err = nil
	}
	if len(out.frames) != 0 {
		t.Errorf("%d frames were handed over behind one that was refused", len(out.frames))
	}
}

func TestAFrameIsSealedBeforeItsMetadataIsTooLarge(t *testing.T) {
	f := &openFrame{builder: frame.NewBuilder(compressionLevel), sources: map[event.SourceID]struct{}{}}
	for i := range 1000 {
		src := &event.Source{Path: strings.Repeat("p", 200)}
		src.ID[0], src.ID[1] = byte(i), byte(i>>8)
		if f.note(src); f.full(1 << 30) {
			return
		}
	}
	t.Error("a frame of 1000 files with long names must be full")
}
