package gather

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/nodestream"
	"github.com/tailrace/tailrace/internal/search"
)

// recorder is a Sink that keeps what it gets.
type recorder struct {
	lines   []string
	most    int
	flushed int
}

func (r *recorder) Line(node string, l *search.Line, gap bool) error {
	r.lines = append(r.lines, fmt.Sprintf("%d %s", l.Time, node))
	if len(r.lines) == r.most {
		return search.ErrEnough
	}
	return nil
}

func (r *recorder) Flush() error {
	r.flushed++
	return nil
}

// freeTurn has always come; held says whether it is taken.
type freeTurn struct{ held atomic.Bool }

func (t *freeTurn) Take(context.Context, func()) error {
	t.held.Store(true)
	return nil
}

func (t *freeTurn) Release() { t.held.Store(false) }

// node is one whose search is a function.
func node(name string, turn nodestream.Turn, answer func(a *nodestream.Answer) error) Node {
	return nodeUntil(name, turn, func(_ context.Context, a *nodestream.Answer) error { return answer(a) })
}

// nodeUntil is node with the context that ends when the asker leaves.
func nodeUntil(name string, turn nodestream.Turn, answer func(ctx context.Context, a *nodestream.Answer) error) Node {
	return Node{Name: name, Run: func(ctx context.Context, in io.Reader, out, errOut io.Writer) error {
		a, ctx, err := nodestream.Begin(ctx, in, out, turn)
		if err == nil {
			err = answer(ctx, a)
		}
		if err == nil {
			err = a.End(nodestream.Summary{})
		}
		a.Close()
		return err
	}}
}

func give(a *nodestream.Answer, times ...int64) error {
	for _, at := range times {
		if err := a.Line(&search.Line{Time: at, Match: true, Kept: []byte("{}")}); err != nil {
			return err
		}
	}
	return a.Flush()
}

// run searches in a bubble whose time is not the world's.
func run(t *testing.T, s *Search, most int) (*recorder, Outcome) {
	t.Helper()
	r := &recorder{most: most}
	s.Sink = r
	if s.Silence == 0 {
		s.Silence = time.Minute
	}
	o, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r, o
}

func TestLinesOfAllNodesComeInTheOrderOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(every time.Duration, times ...int64) func(*nodestream.Answer) error {
			return func(a *nodestream.Answer) error {
				for _, at := range times {
					time.Sleep(every)
					if err := give(a, at); err != nil {
						return err
					}
				}
				return nil
			}
		}
		r, o := run(t, &Search{Nodes: []Node{
			node("a", &freeTurn{}, slow(time.Second, 1, 4, 4, 9)),
			node("b", &freeTurn{}, slow(time.Minute, 2, 3, 10)),
			node("c", &freeTurn{}, slow(0, 5, 6, 7, 8)),
			node("d", &freeTurn{}, slow(0)),
		}}, 0)
		want := "1 a, 2 b, 3 b, 4 a, 4 a, 5 c, 6 c, 7 c, 8 c, 9 a, 10 b"
		if got := strings.Join(r.lines, ", "); got != want || len(o.Failures) > 0 {
			t.Errorf("got  %s\nwant %s\n%v", got, want, o)
		}
	})
}

// TestAFastNodeWaitsForASlowOne has one node with 64 MiB, and one that finds
// nothing for an hour: what waits stays within what was granted, the fast node
// gives its turn to others, and nothing is lost.
func TestAFastNodeWaitsForASlowOne(t *testing.T) {
	const lines, size = 1 << 16, 1 << 10
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		var turn freeTurn
		fast := node("fast", &turn, func(a *nodestream.Answer) error {
			text := []byte(`{"x":"` + strings.Repeat("x", size) + `"}`)
			for i := range int64(lines) {
				if err := a.Line(&search.Line{Time: i, Match: true, Kept: text}); err != nil {
					return err
				}
				sent.Add(size)
			}
			return nil
		})
		slow := node("slow", &freeTurn{}, func(a *nodestream.Answer) error {
			time.Sleep(time.Hour)
			if n := sent.Load(); n > maxWindow+size || n < maxWindow/2 {
				t.Errorf("the fast node has sent %d bytes, %d were granted", n, maxWindow)
			}
			if turn.held.Load() {
				t.Error("the fast node has its turn while it waits")
			}
			return give(a, lines/2)
		})
		r, o := run(t, &Search{Nodes: []Node{fast, slow}}, 0)
		if len(r.lines) != lines+1 || len(o.Failures) > 0 || r.lines[lines/2+1] != fmt.Sprintf("%d slow", lines/2) {
			t.Errorf("%d lines, %v", len(r.lines), o.Failures)
		}
	})
}

func TestANodeThatSaysHowFarItIsHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var printed time.Duration
		far := node("far", &freeTurn{}, func(a *nodestream.Answer) error {
			a.Progress(100)
			time.Sleep(time.Hour)
			return nil
		})
		quick := node("quick", &freeTurn{}, func(a *nodestream.Answer) error { return give(a, 99) })
		s := &Search{Nodes: []Node{far, quick}, Sink: sinkFunc(func() { printed = time.Since(start) }), Silence: time.Minute}
		if _, err := s.Run(t.Context()); err != nil || printed >= time.Second {
			t.Errorf("printed after %s, %v", printed, err)
		}
	})
}

type sinkFunc func()

func (f sinkFunc) Line(string, *search.Line, bool) error { f(); return nil }
func (f sinkFunc) Flush() error                          { return nil }

// TestANodeThatIsSilentIsGivenUp, and one that is there but finds nothing is not.
func TestANodeThatIsSilentIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		dead := Node{Name: "dead", Run: func(ctx context.Context, in io.Reader, _, _ io.Writer) error {
			_, err := io.Copy(io.Discard, in) // whatever ctx says
			return err
		}}
		idle := node("idle", &freeTurn{}, func(a *nodestream.Answer) error {
			time.Sleep(time.Hour)
			return give(a, 1)
		})
		var told time.Duration
		s := &Search{Nodes: []Node{dead, idle}, Silence: 30 * time.Second, Failed: func(f Failure) { told = time.Since(start) }}
		r, o := run(t, s, 0)
		if len(o.Failures) != 1 || !errors.Is(o.Failures[0].Err, ErrSilent) || o.Failures[0].Heard || told != 30*time.Second {
			t.Errorf("after %s: %v", told, o.Failures)
		}
		if !slices.Equal(r.lines, []string{"1 idle"}) {
			t.Errorf("got %v", r.lines)
		}
	})
}

func TestANodeThatSendsMoreThanItWasGrantedIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		greedy := Node{Name: "greedy", Run: func(ctx context.Context, _ io.Reader, out, _ io.Writer) error {
			line := fmt.Sprintf("m 2 {%s}\n", strings.Repeat(" ", 1<<10))
			for range 1 << 20 {
				if _, err := io.WriteString(out, line); err != nil {
					// As a connection that does not tell.
					<-ctx.Done()
					return nil
				}
			}
			return nil
		}}
		late := node("late", &freeTurn{}, func(a *nodestream.Answer) error {
			time.Sleep(time.Minute)
			return give(a, 1)
		})
		r, o := run(t, &Search{Nodes: []Node{greedy, late}}, 0)
		if len(o.Failures) != 1 || !strings.Contains(o.Failures[0].Err.Error(), "more than it was asked for") || len(r.lines) < 2 || r.lines[0] != "1 late" {
			t.Errorf("%d lines, %v", len(r.lines), o.Failures)
		}
	})
}

// TestNoMoreNodesSearchAtATimeThanAsked counts those that have not found
// anything yet: one that has and waits for others does not search.
func TestNoMoreNodesSearchAtATimeThanAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var searching, most atomic.Int64
		var nodes []Node
		for i := range int64(20) {
			nodes = append(nodes, node(fmt.Sprint("node-", i), &freeTurn{}, func(a *nodestream.Answer) error {
				most.Store(max(most.Load(), searching.Add(1)))
				time.Sleep(time.Second)
				searching.Add(-1)
				if i%3 == 0 {
					return nil
				}
				return give(a, 100-i, 200-i)
			}))
		}
		r, o := run(t, &Search{Nodes: nodes, Concurrency: 4}, 0)
		if most.Load() != 4 || len(r.lines) != 26 || len(o.Failures) > 0 || r.lines[0] != "81 node-19" {
			t.Errorf("%d at a time, %v, %v", most.Load(), r.lines, o.Failures)
		}
	})
}

func TestFollowingNodesHoldNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		follow := func(name string, old int64, fresh ...int64) Node {
			return nodeUntil(name, &freeTurn{}, func(ctx context.Context, a *nodestream.Answer) error {
				if err := give(a, old); err != nil {
					return err
				}
				a.Following()
				for _, at := range fresh {
					time.Sleep(time.Second * time.Duration(at))
					if err := give(a, at); err != nil {
						return err
					}
				}
				<-ctx.Done()
				return ctx.Err()
			})
		}
		r, o := run(t, &Search{Nodes: []Node{follow("a", 2, 7), follow("b", 1, 5)}}, 4)
		if got := strings.Join(r.lines, ", "); got != "1 b, 2 a, 5 b, 7 a" || len(o.Failures) > 0 {
			t.Errorf("got %s, %v", got, o.Failures)
		}
	})
}

func TestProgressFitsTheTerminal(t *testing.T) {
	states := []State{
		{"node-1.example", Done, 0}, {"node-2", Failed, 0}, {"node-3", Searching, time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC).UnixNano()},
		{"node-4", Waiting, 0}, {"\x1bnode-5", Queued, 0}, {"node-6", Connecting, 0},
	}
	for columns, want := range map[int]string{
		200: `1 of 6 nodes done, 1 failed · node-3 at 03-05 10:00:00 · node-4 waits for other searches · \x1bnode-5 is to come · node-6 is asked`,
		80:  "1 of 6 nodes done, 1 failed · node-3 at 03-05 10:00:00 · and 3 more",
		10:  "1 of 6 nod",
	} {
		p := Progress{Columns: columns, UTC: true}
		if got := p.summary(states); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}
