package pipeline

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
)

// TestAnAgentThatIsReplacedLeavesDeliveryToTheNext ends an agent that would
// drain for ten minutes, while another one with the same exporter waits. It ends
// at once, and what it has not delivered is delivered by the next.
func TestAnAgentThatIsReplacedLeavesDeliveryToTheNext(t *testing.T) {
	n, x := newNode(t), newGate(t)
	cfg := n.config(x.exporter)
	n.write("late")
	_, stop := n.startAs(cfg, n.draining())
	n.until("a request", func() bool { return x.asked() })
	next := n.waiting(cfg)
	stop()
	a := <-next
	x.open()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	n.until("the line", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Delivered == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if strings.Contains(n.logs.String(), "the rest waits in the journal") {
		t.Errorf("what the next one delivers is told of as left behind\n%s", n.logs.String())
	}
}

// TestAnExporterThatTheNextAgentHasNotDeliversFirst replaces an agent by one
// without its exporter: nobody would deliver what is left.
func TestAnExporterThatTheNextAgentHasNotDeliversFirst(t *testing.T) {
	n, x := newNode(t), newGate(t)
	n.write("last")
	_, stop := n.startAs(n.config(x.exporter), n.draining())
	n.until("a request", func() bool { return x.asked() })
	next := n.waiting(n.config(toConsole))
	go func() {
		n.until("the end was noticed", func() bool { return strings.Contains(n.logs.String(), "another agent waits for this one to end") })
		x.open()
	}()
	stop()
	if err := (<-next).Close(); err != nil {
		t.Error(err)
	}
	if taken := x.taken.Load(); taken != 1 {
		t.Errorf("%d lines were delivered to the exporter that ends, want 1", taken)
	}
}

// draining are the usual options with ten minutes for exporters at the end.
func (n *node) draining() Options {
	o := n.options()
	o.Drain = 10 * time.Minute
	return o
}

// waiting makes another agent on the same directory, which comes when it has it.
func (n *node) waiting(cfg *config.Config) <-chan *Agent {
	n.t.Helper()
	next := make(chan *Agent, 1)
	go func() {
		a, err := New(n.t.Context(), cfg, n.options())
		if err != nil {
			n.t.Error(err)
		}
		next <- a
	}()
	n.until("the other agent waits", func() bool { return waitingIn(vfs.OS{}, cfg.Service.Journal.Directory) != nil })
	return next
}

// gate is an Elasticsearch that answers nobody before it is opened.
type gate struct {
	exporter        string
	requests, ready chan struct{}
	taken           atomic.Int32
}

func newGate(t *testing.T) *gate {
	g := &gate{requests: make(chan struct{}, 1), ready: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(s.Close)
	g.exporter = fmt.Sprintf(`{elasticsearch: {endpoints: [%q], flush: {interval: 1ms}, retry: {initial_interval: 1ms, max_interval: 5ms}}}`, s.URL)
	return g
}

func (g *gate) open() { close(g.ready) }

// asked says once that there was a request.
func (g *gate) asked() bool { return len(g.requests) > 0 }

func (g *gate) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	if r.URL.Path != "/_bulk" {
		_, _ = io.WriteString(w, "{}")
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case g.requests <- struct{}{}:
	default:
	}
	select {
	case <-g.ready:
	case <-r.Context().Done():
		return
	}
	g.taken.Add(1)
	fmt.Fprint(w, `{"errors":false,"items":[{"create":{"_index":"i","status":201}}]}`)
}

func TestNamesOfAWaitingAgentAreWholeOrNone(t *testing.T) {
	const holder = "7\n2026-11-22T10:00:00Z\nhost\n"
	for content, want := range map[string]successor{
		"":                           nil,
		holder:                       nil,
		holder + `["a","b"]`:         nil,
		holder + `["a","b"` + "\n":   nil,
		holder + `["a","b"]` + "\n":  {"a", "b"},
		holder + `["a/x\ny"]` + "\n": {"a/x\ny"},
	} {
		if got := namesIn(content); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", content, got, want)
		}
	}
}

// TestNobodyWaitsInADirectoryThatAnAgentHasLeft finds what a waiting agent has
// written after that one has gone on, or was killed.
func TestNobodyWaitsInADirectoryThatAnAgentHasLeft(t *testing.T) {
	dir := t.TempDir()
	a := &Agent{log: newNode(t).options().Logger, cfg: newNode(t).config(toConsole)}
	if waitingIn(vfs.OS{}, dir) != nil {
		t.Error("somebody waits in an empty directory")
	}
	next := a.announce(vfs.OS{}, dir)
	if got := waitingIn(vfs.OS{}, dir); !got.goesOn("console") || got.goesOn("other") {
		t.Errorf("the waiting agent has %q", got)
	}
	if second := a.announce(vfs.OS{}, dir); second != nil {
		t.Error("two are next")
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if waitingIn(vfs.OS{}, dir) != nil {
		t.Error("somebody waits who has gone on")
	}
	if _, err := os.Stat(filepath.Join(dir, NextLockFile)); err != nil {
		t.Error(err)
	}
}
