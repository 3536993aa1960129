package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/demo"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

func newDemoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: groupAgent,
		Short:   "See the agent at work on a small shop's logs, with no other service",
		Long: `Demo starts a small shop, whose two gateways and four services write their logs
as containers on a Kubernetes node do, and the real agent over them, with its
journal on disk. Enriched lines are shown as they come. At the end it says what
to try on the journal, which stays until the next demo, and accounts for every
line on the last line of its output.`,
		Example: `  tailrace demo                       until Ctrl-C
  tailrace demo --for 30s
  tailrace demo --for 30s | grep ERROR`,
		Args: cobra.NoArgs,
	}
	o := demoOptions{}
	cmd.Flags().DurationVar(&o.length, "for", 0, "end after this long (default: at Ctrl-C)")
	cmd.Flags().Float64Var(&o.rate, "rate", 8, "requests per second that the shop serves, each of 1 to 4 lines")
	cmd.Flags().StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "tailrace-demo"), "directory for the shop's logs and the journal; emptied first if it is of an earlier demo")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.out, o.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
		return runDemo(cmd.Context(), o)
	}
	return cmd
}

type demoOptions struct {
	length      time.Duration
	rate        float64
	dir         string
	out, errOut io.Writer
}

func (o *demoOptions) pods() string    { return filepath.Join(o.dir, "pods") }
func (o *demoOptions) journal() string { return filepath.Join(o.dir, "journal") }

// demoMarker is a file by which a directory is known to be a demo's own.
const demoMarker = ".tailrace-demo"

// prepare makes the directory empty, and never one that is not a demo's.
func (o *demoOptions) prepare() error {
	entries, err := os.ReadDir(o.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(filepath.Join(o.dir, demoMarker)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty and not of an earlier demo: name another directory with --dir", o.dir)
	}
	if err := os.RemoveAll(o.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(o.pods(), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.dir, demoMarker), nil, 0o644)
}

// config is what a real node would run, but for the places.
func (o *demoOptions) config(color string) (*config.Config, error) {
	return config.Load([]string{fmt.Sprintf(`yaml:
receivers: {pods: {root: %q}}
processors: {resource: {attributes: {k8s.cluster.name: demo}}}
exporters: {console: {color: %s}}
service:
  node: demo
  journal: {directory: %q, max_size: 1GiB, min_free: 1%%, dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}
  telemetry: {logs: {level: warn}, metrics: {address: ""}}
  pipelines: {logs: {receivers: [pods], processors: [resource], exporters: [console]}}
`, o.pods(), color, o.journal())})
}

func runDemo(ctx context.Context, o demoOptions) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	o.dir = dir
	if err := o.prepare(); err != nil {
		return err
	}
	screen := newScreen(o.out, o.errOut)
	cfg, err := o.config(screen.color())
	if err != nil {
		return err
	}
	logger, flush, err := telemetry.NewLogger(o.errOut, telemetry.LogOptions{Level: "warn", Encoding: "console"})
	if err != nil {
		return err
	}
	defer flush()
	agent, err := pipeline.New(ctx, cfg, pipeline.Options{Version: version, Logger: logger, Stdout: screen, Drain: 10 * time.Second})
	if err != nil {
		return err
	}
	shop := &demo.Shop{Dir: o.pods(), Rate: o.rate}
	err = play(ctx, o.length, shop, agent, screen)
	return errors.Join(err, conclude(o, shop, agent, screen))
}

// play runs the agent until the shop has closed and its last line is durable.
func play(ctx context.Context, length time.Duration, shop *demo.Shop, agent *pipeline.Agent, screen *screen) error {
	open, closeShop := ctx, context.CancelFunc(func() {})
	if length > 0 {
		open, closeShop = context.WithTimeout(ctx, length)
	}
	defer closeShop()
	running, stopAgent := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAgent()
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(running) }()
	go screen.follow(running, agent)

	err := shop.Run(open)
	waitFor(catchUp, func() bool { return agent.Snapshot().Lines >= shop.Stats().Lines })
	stopAgent()
	return errors.Join(err, <-ended)
}

// catchUp is how long the agent may take to read the shop's last lines.
const catchUp = 10 * time.Second

func waitFor(limit time.Duration, done func() bool) {
	for end := time.Now().Add(limit); !done() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// conclude says what to try next and gives account.
func conclude(o demoOptions, shop *demo.Shop, agent *pipeline.Agent, screen *screen) error {
	screen.clear()
	program := os.Args[0]
	if !strings.ContainsRune(program, '/') {
		program = "tailrace"
	}
	stats, snapshot := shop.Stats(), agent.Snapshot()
	ledger := snapshot.Ledgers["console"]
	ledger.Read = snapshot.Lines
	fmt.Fprintf(o.out, "\nThe shop served %d requests and wrote %d lines. They are in the journal; try:\n\n", stats.Requests, stats.Lines)
	fmt.Fprintf(o.out, "  %s grep --level error '' --journal %s\n", program, o.journal())
	fmt.Fprintf(o.out, "  %s trace %s --journal %s\n\n", program, stats.TraceID, o.journal())
	fmt.Fprintln(o.out, ledger)
	if !ledger.Balanced() || ledger.Read != stats.Lines {
		return fmt.Errorf("the ledger does not add up: the shop wrote %d lines", stats.Lines)
	}
	return nil
}
