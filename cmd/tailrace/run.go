package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

func newRunCommand(kinds config.Kinds) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run",
		GroupID: groupAgent,
		Short:   "Run the agent",
		Long: `Run reads log files, keeps their lines in the journal and delivers them, until
it gets SIGTERM or an interrupt: then what was read is made durable, exporters
whose backends answer go on for a while, and what is not delivered by then waits
in the journal for the next start.

On SIGHUP, and when Kubernetes has replaced a mounted configuration, it is read
again. If it has changed, has no mistakes and every component of it can be made,
the agent goes on by it; else it goes on by the one that it has, and says so in
its log, in tailrace status and by a metric (docs/reload.md).

With no configuration it reads the logs of this node's pods into the journal
and prints them.`,
		Example: `  tailrace run --config config.yaml
  tailrace run --config base.yaml --config node.yaml    merged; the last wins
  tailrace run                                          this node's pods, printed`,
		Args: cobra.NoArgs,
	}
	uris := configFlag(cmd)
	drain := cmd.Flags().Duration("drain", 2*time.Second, "how long exporters that get on may go on delivering after the last line was read, unless another agent waits to do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := checkedConfig(*uris, kinds)
		if err != nil {
			return err
		}
		printWarnings(cmd.ErrOrStderr(), cfg)
		if len(*uris) == 0 {
			if err := readablePods("/var/log/pods"); err != nil {
				return err
			}
		}
		load := func() (*config.Config, error) { return checkedConfig(*uris, kinds) }
		return runAgent(cmd.Context(), cfg, load, *drain, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// readablePods says what to do when run was given nothing to read and there
// is nothing on this machine either.
func readablePods(dir string) error {
	_, err := os.ReadDir(dir)
	switch {
	case os.IsPermission(err):
		return fmt.Errorf("%s cannot be read: %w; run as root, or name readable files in a configuration (--config)", dir, err)
	case err != nil:
		return fmt.Errorf("this node has no pod logs to read: %w; name the files to read in a configuration (--config, see config.example.yaml), or try 'tailrace demo'", err)
	}
	return nil
}

// drainPatience is after how long without a delivery a backend is not waited
// for at the end: a second is the shortest grace that a pod can have.
const drainPatience = time.Second

// runAgent runs agents until ctx ends, the first one by cfg. load is the
// configuration as it is in its files now.
func runAgent(ctx context.Context, cfg *config.Config, load func() (*config.Config, error), drain time.Duration, out, errOut io.Writer) error {
	logs := logging{to: errOut}
	defer logs.flush()
	log, err := logs.logger(cfg)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	limitMemory(log)
	go newIdleMemory().run(ctx)
	r := pipeline.Runner{
		Options: pipeline.Options{Version: version, Stdout: out, Drain: drain, Patience: drainPatience},
		Load:    load, Logger: logs.logger, Hangups: hangups,
	}
	m := managerOf(ctx, log, r.Alive)
	defer m.close()
	r.Manager = m
	return r.Run(ctx, cfg)
}

// logging makes the agent's loggers, one after the other.
type logging struct {
	to   io.Writer
	last func()
}

// logger makes the one that a configuration asks for. Everything was said by the
// one before it.
func (l *logging) logger(cfg *config.Config) (*slog.Logger, error) {
	o := cfg.Service.Telemetry.Logs
	log, flush, err := telemetry.NewLogger(l.to, telemetry.LogOptions{Level: o.Level, Encoding: o.Encoding})
	if err != nil {
		return nil, err
	}
	l.flush()
	l.last = flush
	return log, nil
}

// flush writes what a logger holds back.
func (l *logging) flush() {
	if l.last != nil {
		l.last()
	}
}
