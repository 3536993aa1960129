package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tailrace/tailrace/pipeline/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a directory that looks like a node's.
type node struct {
	t    *testing.T
	dir  string
	out  buffer
	logs buffer
	// journal changes the configuration of the journal.
	journal string
	// name is another than the usual one.
	name string
}

func newNode(t *testing.T) *node {
	n := &node{t: t, dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(n.podDir()), 0o755); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) podDir() string {
	return filepath.Join(n.dir, "pods/shop_cart-0_0d9a2a5e-0000-4000-8000-000000000001/cart")
}

// write appends CRI lines to the container's log.
func (n *node) write(texts ...string) {
	n.t.Helper()
	f, err := os.OpenFile(filepath.Join(n.podDir(), "0.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		n.t.Fatal(err)
	}
	defer f.Close()
	for _, text := range texts {
		fmt.Fprintf(f, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), text)
	}
}

func (n *node) config(exporters string) *config.Config {
	n.t.Helper()
	uris := []string{fmt.Sprintf(`yaml:
receivers: {pods: {root: %q}}
exporters: %s
service:
  node: test
  journal: {directory: %q, min_free: 0%%, flush: {interval: 5ms}, dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}
  telemetry: {metrics: {address: ""}}
  pipelines: {logs: {receivers: [pods], exporters: [%s]}}
`, filepath.Join(n.dir, "pods"), exporters, filepath.Join(n.dir, "state"), strings.Trim(strings.SplitN(exporters, ":", 2)[0], "{"))}
	if n.journal != "" {
		uris = append(uris, "yaml: {service: {journal: "+n.journal+"}}")
	}
	if n.name != "" {
		uris = append(uris, "yaml: {service: {node: "+n.name+"}}")
	}
	cfg, err := config.Load(uris)
	if err != nil {
		n.t.Fatal(err)
	}
	return cfg
}

func (n *node) options() Options {
	return Options{Logger: slog.New(slog.NewTextHandler(&n.logs, nil)), Stdout: &n.out, Drain: 10 * time.Second}
}

// start runs an agent until stop is called.
func (n *node) start(exporters string) (a *Agent, stop func()) {
	n.t.Helper()
	return n.startWith(n.config(exporters))
}

func (n *node) startWith(cfg *config.Config) (a *Agent, stop func()) {
	n.t.Helper()
	return n.startAs(cfg, n.options())
}

func (n *node) startAs(cfg *config.Config, o Options) (a *Agent, stop func()) {
	n.t.Helper()
	a, err := New(n.t.Context(), cfg, o)
	if err != nil {
		n.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(n.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return a, func() {
		n.t.Helper()
		cancel()
		if err := <-ended; err != nil {
			n.t.Errorf("the agent ended with %v\n%s", err, n.logs.String())
		}
	}
}

// until waits for something that must come; the limit is for a test that hangs.
func (n *node) until(what string, done func() bool) {
	n.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("waited in vain: %s\n%s", what, n.logs.String())
		}
	}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

const toConsole = "{console: {color: never}}"

func TestLinesGoFromFileToExporterOnceOverRestarts(t *testing.T) {
	n := newNode(t)
	for life := range 3 {
		n.write(fmt.Sprintf("first of life %d", life))
		a, stop := n.start(toConsole)
		n.write(fmt.Sprintf("second of life %d", life))
		n.until("both lines", func() bool { return a.Snapshot().Ledgers["console"].Delivered == uint64(2*life+2) })
		stop()
		if l := a.Snapshot().Ledgers["console"]; !l.Balanced() || l.Read != uint64(2*life+2) || l.Pending != 0 {
			t.Errorf("life %d: %v", life, l)
		}
	}
	for life := range 3 {
		for _, which := range []string{"first", "second"} {
			text := fmt.Sprintf("%s of life %d", which, life)
			if got := strings.Count(n.out.String(), text); got != 1 {
				t.Errorf("%q was printed %d times\n%s", text, got, n.out.String())
			}
		}
	}
}

func TestASecondAgentWaitsForTheFirstAndTakesOver(t *testing.T) {
	n := newNode(t)
	n.write("one")
	first, stopFirst := n.start(toConsole)
	n.until("the first line", func() bool { return first.Snapshot().Lines == 1 })

	ready := make(chan func())
	go func() {
		_, stop := n.start(toConsole)
		ready <- stop
	}()
	n.until("a word about waiting", func() bool { return strings.Contains(n.logs.String(), "waiting for another agent") })
	stopFirst()
	stopSecond := <-ready
	n.write("two")
	n.until("the second line", func() bool { return strings.Contains(n.out.String(), "two") })
	stopSecond()
	if got := strings.Count(n.out.String(), "one"); got != 1 {
		t.Errorf("the first line was printed %d times", got)
	}
}

func TestADeadBackendDelaysNothingButItself(t *testing.T) {
	n := newNode(t)
	// Nobody listens on the discard port.
	a, stop := n.start(`{elasticsearch: {endpoints: ["http://127.0.0.1:9"], flush: {interval: 1ms}, retry: {initial_interval: 1ms, max_interval: 5ms}}}`)
	n.write(`{"level":"info","msg":"kept"}`, `{"level":"info","msg":"kept too"}`)
	n.until("the lines are pending", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Pending == 2 })
	n.until("a failed request", func() bool { return a.shippers[0].loop.Stats().FailedRequests > 0 })
	r := a.Report()
	if len(r.Files) != 1 || r.Files[0].Behind() != 0 || r.Files[0].Format != "json" {
		t.Errorf("files: %+v", r.Files)
	}
	if len(r.Exporters) != 1 || r.Exporters[0].PendingLines != 2 {
		t.Errorf("exporters: %+v", r.Exporters)
	}
	a.opts.Drain = 0
	stop()
	if l := a.Snapshot().Ledgers["elasticsearch"]; !l.Balanced() || l.Pending != 2 {
		t.Errorf("%v", l)
	}
}

func TestLedgerBalancesOverClassesThatAnExporterDoesNotTake(t *testing.T) {
	n := newNode(t)
	n.write("one", "two")
	a, stop := n.start("{console: {color: never, classes: [other]}}")
	n.until("the lines are passed", func() bool { return a.Snapshot().Ledgers["console"].Excluded == 2 })
	stop()
	if l := a.Snapshot().Ledgers["console"]; !l.Balanced() || l.Read != 2 || l.Delivered != 0 {
		t.Error(l)
	}
	if e := a.Report().Exporters[0]; e.Excluded != 2 || n.out.String() != "" {
		t.Errorf("the report says %+v; printed was %q", e, n.out.String())
	}
}

func TestExactlyOnePipelineRuns(t *testing.T) {
	cfg := config.Default()
	cfg.Service.Pipelines = nil
	_, err := New(t.Context(), cfg, Options{Logger: slog.New(slog.DiscardHandler), Stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "exactly one") {
		t.Errorf("error: %v", err)
	}
}
