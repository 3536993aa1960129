package nodestream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/search"
)

// turns notes when the turn is taken and given back.
type turns struct {
	log  []string
	wait bool
}

func (t *turns) Take(_ context.Context, waiting func()) error {
	if t.wait {
		waiting()
	}
	t.log = append(t.log, "take")
	return nil
}

func (t *turns) Release() { t.log = append(t.log, "release") }

// TestANodeSendsNoMoreThanItWasGranted, but for the end of the last line, and
// has no turn while it waits for more.
func TestANodeSendsNoMoreThanItWasGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, grants := io.Pipe()
		var out bytes.Buffer
		turn := &turns{wait: true}
		done := make(chan error)
		go func() {
			a, _, err := Begin(t.Context(), in, &out, turn)
			for i := 0; i < 3 && err == nil; i++ {
				err = a.Line(&search.Line{Time: int64(i), Match: i != 1, Kept: []byte(`{"n":1}`)})
			}
			if err == nil {
				err = a.End(Summary{Late: 2})
			}
			done <- err
		}()
		for _, step := range []struct{ grant, sent, turns string }{
			{"", "", "release"},
			{"1", "w|b|m 0 {\"n\":1}", "release take release"},
			{"0", "w|b|m 0 {\"n\":1}", "release take release"},
			{fmt.Sprint(24 + 2*LineCost), "w|b|m 0 {\"n\":1}|w|b|c 1 {\"n\":1}|m 2 {\"n\":1}|e {\"version\":1,\"late\":2}", "release take release take release"},
		} {
			if step.grant != "" {
				fmt.Fprintln(grants, step.grant)
			}
			synctest.Wait()
			if got := strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", "|"); got != step.sent {
				t.Errorf("after %q: sent %q, want %q", step.grant, got, step.sent)
			}
			if got := strings.Join(turn.log, " "); got != step.turns {
				t.Errorf("after %q: turns %q, want %q", step.grant, got, step.turns)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		grants.Close()
	})
}

// TestANodeStopsWhenNobodyReadsIt: its standard input ends, is silent, or is not
// an asker's.
func TestANodeStopsWhenNobodyReadsIt(t *testing.T) {
	for what, c := range map[string]struct {
		leave func(*io.PipeWriter)
		after time.Duration
		want  string
	}{
		"end":     {func(w *io.PipeWriter) { w.Close() }, 0, ErrLeft.Error()},
		"silence": {func(*io.PipeWriter) {}, KeepaliveLimit, ErrLeft.Error() + ": it was silent for 1m0s"},
		"other":   {func(w *io.PipeWriter) { io.WriteString(w, "yes\n") }, 0, "leave --stream out"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in, grants := io.Pipe()
				start := time.Now()
				go func() {
					io.WriteString(grants, "10\n")
					c.leave(grants)
				}()
				a, ctx, err := Begin(t.Context(), in, io.Discard, &turns{})
				if err == nil {
					<-ctx.Done()
					err = context.Cause(ctx)
				}
				if !strings.Contains(err.Error(), c.want) || time.Since(start) != c.after {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
				a.Close()
				grants.Close()
			})
		})
	}
}

// TestRecordsAreReadInAnyPieces cuts an answer at every place.
func TestRecordsAreReadInAnyPieces(t *testing.T) {
	const answer = "h\nt 5\nm 7 {\"a\":\"b c\"}\nc -1 {}\ng\nd a b\nw\nb\nf\ne {}\n"
	const want = `h 0 "";t 5 "";m 7 "{\"a\":\"b c\"}";c -1 "{}";g 0 "";d 0 "a b";w 0 "";b 0 "";f 0 "";e 0 "{}";`
	for cut := range len(answer) {
		var got strings.Builder
		p := Parser{Handle: func(r *Record) error {
			fmt.Fprintf(&got, "%c %d %q;", r.Kind, r.Time, r.Text)
			return nil
		}}
		for _, piece := range []string{answer[:cut], answer[cut:]} {
			if _, err := p.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want {
			t.Fatalf("cut at %d:\n%s\n%s", cut, got.String(), want)
		}
	}
}

func TestWhatIsNoRecordIsAnError(t *testing.T) {
	enough := errors.New("handled")
	for _, text := range []string{"\n", "x\n", "m\n", "m 1x {}\n", "t\n", "{}\n", strings.Repeat("m", MaxRecord+1)} {
		p := Parser{Handle: func(*Record) error { return enough }}
		if _, err := p.Write([]byte(text)); err == nil || errors.Is(err, enough) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}
