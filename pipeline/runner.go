package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/pipeline/config"
)

// Runner runs an agent, and another one in its place when the configuration has
// become another. The lock of the state directory and the agent's address stay
// meanwhile. A configuration that has mistakes changes nothing, and after one
// that cannot be started the one before is started again.
type Runner struct {
	// Options are those of each agent; Logger, Hold and Reloads are set by the
	// Runner.
	Options Options
	// Load reads and checks the configuration as it is in its files now.
	Load func() (*config.Config, error)
	// Logger makes the logger that a configuration asks for, in place of the one
	// before.
	Logger func(*config.Config) (*slog.Logger, error)
	// Hangups ask for a look at the configuration.
	Hangups <-chan os.Signal
	Manager Manager

	hold    Hold
	reloads Reloads
	log     *slog.Logger
	alive   atomic.Pointer[Agent]
	// mounted is the version of the mounted files that were looked at last.
	mounted string
}

// Manager is told how the agent gets on.
type Manager interface {
	// Ready says that an agent works, the first one or another one.
	Ready()
	// Reloading says that the configuration is looked at; Ready follows.
	Reloading()
}

// mountPoll is how often mounted files are looked at. The kubelet takes up to a
// minute to bring a change to the node.
const mountPoll = 2 * time.Second

// Alive is nil, or says which part of the agent is stuck.
func (r *Runner) Alive() error {
	if a := r.alive.Load(); a != nil {
		return a.Alive()
	}
	return nil
}

// Run runs agents until ctx ends, the first one by cfg.
func (r *Runner) Run(ctx context.Context, cfg *config.Config) (err error) {
	defer func() { err = errors.Join(err, r.hold.Close()) }()
	a, err := r.start(ctx, r.asMounted(cfg))
	if a == nil || err != nil {
		return err
	}
	r.reloads.end(nil, "")
	for a != nil && err == nil {
		r.Manager.Ready()
		a, err = r.live(ctx, a)
	}
	return err
}

// asMounted is a configuration as it is by now, if its files are mounted: they
// may have been replaced since it was read. One that has mistakes by now is left
// to the first look.
func (r *Runner) asMounted(cfg *config.Config) *config.Config {
	if r.mounted = config.Mounted(cfg.Files()); r.mounted == "" {
		return cfg
	}
	now, err := r.Load()
	if err != nil {
		r.mounted = ""
		return cfg
	}
	return now
}

// start makes the agent of a configuration; nil without an error when ctx ended
// while it waited for another agent or for its disk.
func (r *Runner) start(ctx context.Context, cfg *config.Config) (*Agent, error) {
	log, err := r.Logger(cfg)
	if err != nil {
		return nil, err
	}
	o := r.Options
	o.Logger, o.Hold, o.Reloads = log, &r.hold, &r.reloads
	if r.alive.Load() != nil {
		o.TakesOver = time.Now().Add(-overlap)
	}
	a, err := New(ctx, cfg, o)
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.log = log
	r.alive.Store(a)
	log.Info("tailrace runs", "version", o.Version, "journal", cfg.Service.Journal.Type, "directory", cfg.Service.Journal.Directory)
	return a, nil
}

// live runs an agent until it has ended or there is another configuration, by
// which it returns the next agent.
func (r *Runner) live(ctx context.Context, a *Agent) (*Agent, error) {
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(running) }()
	look := time.NewTicker(mountPoll)
	defer look.Stop()
	for {
		var next *config.Config
		select {
		case err := <-ended:
			return nil, err
		case <-r.Hangups:
			next = r.consider(a, "SIGHUP")
		case <-look.C:
			if config.Mounted(a.cfg.Files()) != r.mounted {
				next = r.consider(a, "the mounted configuration was replaced")
			}
		}
		if next != nil {
			end(exporterNames(next))
			return r.exchange(ctx, a, next, <-ended)
		}
	}
}

// exchange starts the next configuration after an agent has ended, as it says,
// and when that fails the agent's own once more. When the process is to end as
// well, the agent was told so first, and no other one is started.
func (r *Runner) exchange(ctx context.Context, before *Agent, next *config.Config, ended error) (*Agent, error) {
	if ctx.Err() != nil {
		return nil, ended
	}
	if ended != nil {
		r.log.Error("the agent of the configuration before did not end well", "error", ended)
	}
	a, err := r.start(ctx, next)
	if a == nil && err == nil {
		return nil, nil
	}
	if err == nil {
		r.log.Info("the configuration was reloaded")
		r.reloads.end(nil, outcomeApplied)
		return a, nil
	}
	r.reloads.end(err, outcomeFailed)
	r.log.Error("the new configuration has no mistakes, but the agent cannot start with it; it starts again with the one before",
		"error", err, "cure", "mend what the error says, then send SIGHUP")
	if a, err = r.start(ctx, before.cfg); err != nil {
		return nil, fmt.Errorf("the agent cannot start with the configuration before either: %w", err)
	}
	return a, nil
}

// consider looks at the configuration as it is now: nil when it is the agent's,
// or the agent cannot have it.
func (r *Runner) consider(a *Agent, why string) *config.Config {
	r.Manager.Reloading()
	r.mounted = config.Mounted(a.cfg.Files())
	next, err := r.Load()
	if err == nil && next.Same(a.cfg) {
		r.log.Info("the configuration is as before, and the agent goes on", "asked", why)
		r.reloads.end(nil, outcomeUnchanged)
		r.Manager.Ready()
		return nil
	}
	if err == nil {
		err = errors.Join(a.needsRestart(next), DryStart(next, r.Options.Version))
	}
	if err == nil {
		return next
	}
	r.log.Error("the agent goes on with the configuration that it has: the one in the files cannot be used", "asked", why,
		"error", err, "cure", "correct it (tailrace validate); then send SIGHUP, unless it is mounted by Kubernetes")
	r.reloads.end(err, outcomeRefused)
	r.Manager.Ready()
	return nil
}
