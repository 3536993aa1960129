package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
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

The configuration is read at the start only. On SIGHUP the agent goes on with the
one it has, and says whether what is in the files now would be accepted.

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
		check := func() error {
			_, err := checkedConfig(*uris, kinds)
			return err
		}
		return runAgent(cmd.Context(), cfg, check, *drain, cmd.OutOrStdout(), cmd.ErrOrStderr())
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

// runAgent runs an agent until ctx ends. check says what is wrong with the
// configuration as it is in its files now.
func runAgent(ctx context.Context, cfg *config.Config, check func() error, drain time.Duration, out, errOut io.Writer) error {
	logs := cfg.Service.Telemetry.Logs
	logger, flush, err := telemetry.NewLogger(errOut, telemetry.LogOptions{Level: logs.Level, Encoding: logs.Encoding})
	if err != nil {
		return err
	}
	defer flush()
	limitMemory(logger)
	defer answerHangups(logger, check)()
	agent, err := pipeline.New(ctx, cfg, pipeline.Options{Version: version, Logger: logger, Stdout: out, Drain: drain, Patience: drainPatience})
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		// It was asked to end while it waited for another agent.
		return nil
	}
	if err != nil {
		return err
	}
	logger.Info("tailrace runs", "version", version, "journal", cfg.Service.Journal.Type, "directory", cfg.Service.Journal.Directory)
	go newIdleMemory().run(ctx)
	defer tellManager(ctx, logger, agent.Alive)()
	return agent.Run(ctx)
}

// answerHangups takes SIGHUP, which would end the process, until the function
// that it returns is called.
func answerHangups(log *slog.Logger, check func() error) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var answering sync.WaitGroup
	answering.Go(func() {
		for range hangups {
			answerHangup(log, check())
		}
	})
	return func() {
		signal.Stop(hangups)
		close(hangups)
		answering.Wait()
	}
}

// answerHangup says what a restart would make of the configuration.
func answerHangup(log *slog.Logger, wrong error) {
	const goesOn = "SIGHUP: the agent goes on with the configuration that it was started with; "
	if wrong != nil {
		log.Error(goesOn+"the one in its files has mistakes, and a restart would fail", "error", wrong,
			"cure", "correct them (tailrace validate), then restart the agent")
		return
	}
	log.Info(goesOn+"the one in its files is valid", "cure", "restart the agent to use it")
}
