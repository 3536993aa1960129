package tail

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs an engine as the agent does, and returns what reads from it one
// record after the other.
func start(t *testing.T, w *world) (next func() string) {
	next, _ = startEngine(t, w)
	return next
}

func startEngine(t *testing.T, w *world) (next func() string, e *Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	e = NewEngine(w.opts)
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	l := e.Lane(0)
	var b event.Batch
	var records []string
	return func() string {
		for len(records) == 0 {
			if !l.Read(&b) {
				l.Wait(ctx, time.Time{})
			}
			for i := range b.Records {
				records = append(records, describe(&b, &b.Records[i]))
			}
		}
		r := records[0]
		records = records[1:]
		return r
	}, e
}

func running(t *testing.T, rescan time.Duration) *world {
	w := &world{t: t, dir: t.TempDir(), decoder: Container, known: map[event.SourceID]frame.Source{}}
	w.opts = Options{Node: "node", Providers: []Provider{w}, Rescan: rescan}
	return w
}

func expect(t *testing.T, next func() string, want string) {
	t.Helper()
	if got := next(); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

// Files are found when they come and followed when they are rotated, without
// looking for them at intervals.
func TestRunWatches(t *testing.T) {
	w := running(t, time.Hour)
	w.append("a.log", []string{"@01 stdout F one"}, true)
	next := start(t, w)
	expect(t, next, `a gen=0 [0,33) stdout @01 "one"`)
	w.append("a.log", []string{"@02 stdout F two"}, true)
	expect(t, next, `a gen=0 [34,67) stdout @02 "two"`)
	w.append("b.log", []string{"@03 stdout F new"}, true)
	expect(t, next, `b gen=0 [0,33) stdout @03 "new"`)
	w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
	w.append("a.log", []string{"@04 stdout F rotated"}, true)
	expect(t, next, `a gen=0 [0,37) stdout @04 "rotated"`)
}

// Where inotify is not to be had, looking at intervals finds them too.
func TestRunWithoutWatches(t *testing.T) {
	w := running(t, 20*time.Millisecond)
	w.opts.Providers = []Provider{unwatched{w}}
	next := start(t, w)
	w.append("a.log", []string{"@01 stdout F one"}, true)
	expect(t, next, `a gen=0 [0,33) stdout @01 "one"`)
}

type unwatched struct{ *world }

func (unwatched) Watch() []string { return nil }

// A lane that is not read from does not keep the engine from seeing rotation:
// what is deleted meanwhile is still read.
func TestRotationWhileBlocked(t *testing.T) {
	w := running(t, time.Hour)
	next := start(t, w)
	w.append("a.log", []string{"@01 stdout F first"}, true)
	expect(t, next, `a gen=0 [0,35) stdout @01 "first"`)
	w.append("a.log", []string{"@02 stdout F second"}, true)
	w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
	w.append("a.log", []string{"@03 stdout F third"}, true)
	expect(t, next, `a gen=0 [36,72) stdout @02 "second"`)
	expect(t, next, `a gen=0 [0,35) stdout @03 "third"`)
	w.must(os.Remove(w.path("a.log.1")))
	w.append("a.log", []string{"@04 stdout F fourth"}, true)
	expect(t, next, `a gen=0 [36,72) stdout @04 "fourth"`)
}

// Events of directories that are gone do not disturb.
func TestWatcherFollows(t *testing.T) {
	w := running(t, time.Hour)
	sub := filepath.Join(w.dir, "sub")
	w.must(os.Mkdir(sub, 0o755))
	watch := newWatcher(slog.New(slog.DiscardHandler))
	defer watch.close()
	dirs := []Provider{watching{w.dir, sub}}
	if first, again := watch.follow(dirs, false), watch.follow(dirs, false); len(first) != 2 || len(again) != 0 {
		t.Errorf("directories are new once: %v, then %v", first, again)
	}
	w.must(os.WriteFile(filepath.Join(sub, "x"), nil, 0o644))
	<-watch.changed
	if got := watch.take(); !slices.Equal(got, []string{sub}) {
		t.Errorf("got %v, want %s", got, sub)
	}
	w.must(os.RemoveAll(sub))
	for seen := false; !seen; {
		<-watch.changed
		for _, dir := range watch.take() {
			seen = seen || dir == sub
		}
	}
}

// When the kernel has dropped events, everything is looked for.
func TestOverflowingEventsCauseAScanOfEverything(t *testing.T) {
	watch := newWatcher(slog.New(slog.DiscardHandler))
	event := make([]byte, unix.SizeofInotifyEvent)
	binary.NativeEndian.PutUint32(event, math.MaxUint32) // wd -1
	binary.NativeEndian.PutUint32(event[4:], unix.IN_Q_OVERFLOW)
	watch.parse(event)
	<-watch.changed
	if got := watch.fewOrAll(append(watch.take(), "/somewhere")); !slices.Equal(got, []string{""}) {
		t.Errorf("%q is looked into", got)
	}
}

// A directory that cannot be watched is looked at: what comes and goes in it
// is found, however soon after the last look.
func TestDirectoriesWithoutWatchesArePolled(t *testing.T) {
	w := running(t, time.Hour)
	var log bytes.Buffer
	watch := newWatcher(slog.New(slog.NewTextHandler(&log, nil)))
	watch.exhaust(unix.ENOSPC, "Raise it.")
	watch.exhaust(unix.ENOSPC, "Raise it.")
	dirs := []Provider{watching{w.dir}}
	watch.follow(dirs, false)
	look := func() []string {
		watch.next = 0
		watch.lookAround(time.Now().UnixNano())
		return watch.take()
	}
	look()
	for i := range 20 {
		w.write(fmt.Sprint(i), "")
		if got := look(); !slices.Equal(got, []string{w.dir}) {
			t.Fatalf("a new file was not noticed: %v", got)
		}
	}
	if n := strings.Count(log.String(), "Raise it."); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, log.String())
	}
	if got := watch.follow(dirs, true); !slices.Equal(got, []string{w.dir}) || len(watch.polled) != 0 {
		t.Errorf("when there are watches again, %v are watched and %v still polled", got, watch.polled)
	}
	watch.close()
}

// watching is a provider of directories only.
type watching []string

func (d watching) Watch() []string                                { return d }
func (watching) Scan(context.Context, string, func(Target)) error { return nil }
func (watching) Describe(*Target) event.Source                    { return event.Source{} }
