package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/pipeline/config"
)

// runs is a Runner whose configuration the test sets, and what it told.
type runs struct {
	*Runner
	n       *node
	now     atomic.Pointer[config.Config]
	hangups chan os.Signal
	// unloggable has no logger made.
	unloggable       atomic.Bool
	ready, reloading atomic.Int32
	// cancel asks the process to end.
	cancel context.CancelFunc
}

func (r *runs) Ready()     { r.ready.Add(1) }
func (r *runs) Reloading() { r.reloading.Add(1) }

func newRuns(t *testing.T) *runs {
	n := newNode(t)
	r := &runs{n: n, hangups: make(chan os.Signal, 1)}
	r.Runner = &Runner{
		Options: n.options(), Hangups: r.hangups, Manager: r,
		Load: func() (*config.Config, error) {
			if cfg := r.now.Load(); cfg != nil {
				return cfg, nil
			}
			return nil, errors.New("it has mistakes")
		},
		Logger: func(*config.Config) (*slog.Logger, error) {
			if r.unloggable.Load() {
				return nil, errors.New("there is no logger")
			}
			return n.options().Logger, nil
		},
	}
	return r
}

// begin runs agents until the function that it returns is called, or they end.
func (r *runs) begin() (end func() error) {
	ctx, cancel := context.WithCancel(r.n.t.Context())
	r.cancel = cancel
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, r.n.config(toConsole)) }()
	r.n.until("an agent", func() bool { return r.ready.Load() == 1 })
	return func() error { cancel(); return <-ended }
}

// hangup sets the configuration and has it looked at.
func (r *runs) hangup(cfg *config.Config) {
	r.n.t.Helper()
	r.now.Store(cfg)
	before := r.ready.Load()
	r.hangups <- syscall.SIGHUP
	r.n.until("the look at the configuration ends", func() bool { return r.ready.Load() > before })
}

// TestAnAgentIsExchangedOnlyForAnotherConfiguration hangs up with mistakes, with
// the same configuration, and with another one.
func TestAnAgentIsExchangedOnlyForAnotherConfiguration(t *testing.T) {
	r := newRuns(t)
	end := r.begin()
	first := r.alive.Load()
	r.hangup(nil)
	r.hangup(r.n.config(toConsole))
	if r.alive.Load() != first {
		t.Error("another agent runs by the same configuration, or by none")
	}
	r.n.write("one")
	r.n.until("a line by the first agent", func() bool { return strings.Contains(r.n.out.String(), "one") })
	r.hangup(r.n.config("{console: {color: never, utc: true}}"))
	if r.alive.Load() == first {
		t.Error("the agent runs on by the configuration before")
	}
	r.n.write("two")
	r.n.until("a line by the second agent", func() bool { return strings.Contains(r.n.out.String(), "two") })
	if err := end(); err != nil {
		t.Error(err)
	}
	if r.reloading.Load() != 3 || r.ready.Load() != 4 {
		t.Errorf("the manager was told of %d looks and %d times that an agent works", r.reloading.Load(), r.ready.Load())
	}
	if got := strings.Count(r.n.out.String(), "one"); got != 1 {
		t.Errorf("a line was printed %d times", got)
	}
}

// TestTheConfigurationBeforeIsStartedAgain gives the agent an address that
// another program has.
func TestTheConfigurationBeforeIsStartedAgain(t *testing.T) {
	r := newRuns(t)
	end := r.begin()
	other := newRuns(t)
	taken := other.n.config(toConsole)
	taken.Service.Telemetry.Metrics.Address = testkit.FreeAddress(t)
	_, stop := other.n.startWith(taken)
	defer stop()
	next := r.n.config(toConsole)
	next.Service.Telemetry.Metrics.Address = taken.Service.Telemetry.Metrics.Address
	r.hangup(next)
	r.n.write("one")
	r.n.until("a line", func() bool { return strings.Contains(r.n.out.String(), "one") })
	if r.reloads.outcomes[outcomeFailed] != 1 || r.reloads.reason == "" {
		t.Errorf("the failure is not counted: %v, %q", r.reloads.outcomes, r.reloads.reason)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

// TestAProcessThatCanStartNoAgentEnds has neither the new configuration nor the
// one before work: then whoever looks after the process must know.
func TestAProcessThatCanStartNoAgentEnds(t *testing.T) {
	r := newRuns(t)
	end := r.begin()
	r.unloggable.Store(true)
	r.now.Store(r.n.config("{console: {color: never, utc: true}}"))
	r.hangups <- syscall.SIGHUP
	r.n.until("the end", func() bool { return strings.Contains(r.n.logs.String(), "it starts again with the one before") })
	if err := end(); err == nil || !strings.Contains(err.Error(), "the configuration before either") {
		t.Errorf("the process ended with %v", err)
	}
}

// TestAProcessThatIsToEndStartsNoOtherAgent asks it to end while it looks at
// another configuration.
func TestAProcessThatIsToEndStartsNoOtherAgent(t *testing.T) {
	r := newRuns(t)
	load := r.Load
	looks, goOn := make(chan bool), make(chan bool)
	r.Load = func() (*config.Config, error) {
		looks <- true
		<-goOn
		return load()
	}
	end := r.begin()
	r.now.Store(r.n.config("{console: {color: never, utc: true}}"))
	r.hangups <- syscall.SIGHUP
	<-looks
	r.cancel()
	close(goOn)
	if err := end(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(r.n.logs.String(), "tailrace runs"); n != 1 {
		t.Errorf("%d agents ran, want 1", n)
	}
}
