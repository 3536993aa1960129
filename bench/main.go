// Command bench measures the agent against two yardsticks that do the same
// work, ref-std and ref-limit, in lines per second of CPU time. See
// docs/performance.md. It runs itself again for the yardsticks and for the
// sink, so that each has its own process and CPU time.
//
//	go run ./bench                  all workloads
//	go run ./bench -w W1 -short     one, quickly
//	bench ref-limit -kind json -path FILE -url URL -lines N
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reference"
	"github.com/tailrace/tailrace/bench/reflimit"
	"github.com/tailrace/tailrace/bench/refqueue"
	"github.com/tailrace/tailrace/bench/refstd"
	"github.com/tailrace/tailrace/bench/sink"
)

func main() {
	if err := dispatch(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func dispatch(args []string) error {
	role := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		role, args = args[0], args[1:]
	}
	switch role {
	case "":
		return measure(args)
	case "sink":
		return serveSink()
	case "ref-std", "ref-limit", "ref-queue":
		return yardstick(role, args)
	default:
		return fmt.Errorf("unknown role %q; there are sink, ref-std, ref-limit and ref-queue, and none to measure", role)
	}
}

// serveSink prints its URL and serves until it is killed.
func serveSink() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return sink.New().Serve(l)
}

// bulkBytes is the size of a request before compression: the agent's own
// default for a frame.
const bulkBytes = 4 << 20

func yardstick(role string, args []string) error {
	f := flag.NewFlagSet(role, flag.ContinueOnError)
	kind := f.String("kind", string(corpus.SlogJSON), "what the lines are: json or nginx")
	path := f.String("path", "", "the container's log")
	url := f.String("url", "", "where _bulk is, or the broker")
	lines := f.Int("lines", 0, "how many lines to send (0: all)")
	if err := f.Parse(args); err != nil {
		return err
	}
	c := reference.Config{Kind: corpus.Kind(*kind), Pod: corpus.Number(0), Path: *path, URL: *url, Lines: *lines, BulkBytes: bulkBytes}
	switch role {
	case "ref-std":
		return refstd.Run(c)
	case "ref-queue":
		return refqueue.Run(c)
	}
	return reflimit.Run(c)
}

// options are what a measurement may be told.
type options struct {
	workloads string
	short     bool
	rounds    int
	agent     string
	dir       string
	keep      bool
	own       bool
}

func measure(args []string) error {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	var o options
	f.StringVar(&o.workloads, "w", "W1,W2,W4,W5,W6,W7,W8", "workloads to run, separated by commas")
	f.BoolVar(&o.short, "short", false, "fewer lines and rounds: a first impression")
	f.IntVar(&o.rounds, "rounds", 0, "rounds of which the median counts (0: 7, with -short 3)")
	f.StringVar(&o.agent, "agent", "", "the agent's binary (default: built from ./cmd/tailrace)")
	f.StringVar(&o.dir, "dir", "", "where logs and journals go (default: a temporary directory)")
	f.BoolVar(&o.keep, "keep", false, "leave logs and journals there")
	f.BoolVar(&o.own, "yardsticks", false, "measure the yardsticks only")
	if err := f.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, o)
}

// run runs the workloads one after the other.
func run(ctx context.Context, o options) error {
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("# %s\n", machine())
	for _, name := range strings.Split(o.workloads, ",") {
		w, ok := workloads[name]
		if !ok {
			return fmt.Errorf("unknown workload %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(workloads)), ", "))
		}
		if err := w(ctx, l, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// workloads are those of the design's table that can be measured now.
var workloads = map[string]func(ctx context.Context, l *lab, name string) error{
	"W1":       func(ctx context.Context, l *lab, name string) error { return throughput(ctx, l, name, corpus.SlogJSON) },
	"W2":       func(ctx context.Context, l *lab, name string) error { return throughput(ctx, l, name, corpus.Nginx) },
	"W4":       paced,
	"W5":       rotation,
	"W6":       overload,
	"W7":       idle,
	"W8":       noisy,
	"formats":  formatsWorkload,
	"beside":   beside,
	"cluster":  cluster,
	"quiet":    quiet,
	"rabbitmq": viaQueue,
	"recovery": recovery,
	"second":   second,
}
