package telemetry

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected texts under testdata")

// TestConsole shows what the agent's own logs look like for people: with and
// without colours, and with bytes in them that a terminal would obey.
func TestConsole(t *testing.T) {
	for _, color := range []bool{false, true} {
		var out bytes.Buffer
		// The bubble's clock begins at midnight on 2000-01-01.
		synctest.Test(t, func(*testing.T) { say(slog.New(newConsole(&out, slog.LevelDebug, color))) })
		name := "testdata/console.txt"
		if color {
			name = "testdata/console_color.txt"
		}
		golden(t, name, out.Bytes())
	}
}

func say(l *slog.Logger) {
	l.Debug("one file opened", "path", "/var/log/pods/shop_cart-1_u/cart/0.log")
	l.Info("started", "lanes", 2, "flush", 200*time.Millisecond)
	l.Warn("a line with \x1b[31mcolour\x1b[0m and \u202e in its message", "line", "bell \a and \x9b", "empty", "")
	l.Error("cannot write the journal", "error", errors.New("no space left on device"), "level", "kept", "msg", "kept")
	l.With("exporter", "elasticsearch").WithGroup("request").Info("sent", "bytes", 512, "msg", "in a group")
	l.Log(context.Background(), slog.LevelInfo+2, "a level between")
}

func TestLevelIsTheLeast(t *testing.T) {
	for _, encoding := range []string{"console", "json"} {
		var out bytes.Buffer
		l, flush, err := NewLogger(&out, LogOptions{Level: "warn", Encoding: encoding})
		if err != nil {
			t.Fatal(err)
		}
		l.Info("quiet")
		l.Warn("loud")
		flush()
		if got := out.String(); strings.Contains(got, "quiet") || strings.Count(got, "loud") != 1 {
			t.Errorf("%s: %s", encoding, got)
		}
	}
}

func TestUnknownOptions(t *testing.T) {
	for _, o := range []LogOptions{{"loud", "json"}, {"info", "xml"}} {
		if _, _, err := NewLogger(new(bytes.Buffer), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// limited is a logger over the limiter, and what it has written.
func limited() (*slog.Logger, *limiter, *output) {
	out := new(output)
	l := newLimiter(newConsole(out, slog.LevelInfo, false))
	return slog.New(l), l, out
}

// output is written by timers and read by the test.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// take returns the lines that were written since the last call.
func (o *output) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.buf.Reset()
	return slices.Collect(strings.Lines(o.buf.String()))
}

func TestRepeatedMessageIsHeldBackAndSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, out := limited()
		for i := range 100 {
			l.With("n", i).Warn("refused")
		}
		l.Info("refused")
		l.Warn("another message")
		if got := out.take(); len(got) != Burst+2 {
			t.Fatalf("%d lines before the window ends: %q", len(got), got)
		}
		time.Sleep(Window)
		synctest.Wait()
		if got := out.take(); len(got) != 1 || !strings.HasSuffix(got[0], "refused n=99 repeated=95\n") {
			t.Fatalf("the summary is %q", got)
		}
		l.Warn("refused")
		if got := out.take(); len(got) != 1 {
			t.Errorf("a new window does not begin afresh: %q", got)
		}
		time.Sleep(2 * Window)
	})
}

func TestFlushWritesWhatIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, limiter, out := limited()
		for range Burst + 3 {
			l.Error("failed")
		}
		limiter.flush()
		if got := out.take(); len(got) != Burst+1 || !strings.HasSuffix(got[Burst], "failed repeated=3\n") {
			t.Errorf("after flush: %q", got)
		}
		time.Sleep(Window)
		synctest.Wait()
		if got := out.take(); len(got) != 0 {
			t.Errorf("said twice: %q", got)
		}
	})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
