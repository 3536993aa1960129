// Command oracle is the processes of a black-box test that must outlive the
// agent's death: it writes logs with a ledger, plays Elasticsearch and records
// what arrived, and judges.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/test/oracle"
)

func main() {
	commands := map[string]func([]string) error{"generate": generate, "sink": sink, "judge": judge}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: oracle generate|sink|judge [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "oracle %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// generate writes a load until it is told to end, and then what is unfinished. It
// begins no more records from SIGUSR1 to SIGUSR2.
func generate(args []string) error {
	f := flag.NewFlagSet("generate", flag.ExitOnError)
	var load oracle.Load
	f.StringVar(&load.Pods, "pods", "", "root of the container logs")
	f.StringVar(&load.Plain, "plain", "", "folder of other logs")
	f.StringVar(&load.Ledger, "ledger", "ledger", "file of what was written")
	f.Uint64Var(&load.Seed, "seed", 1, "seed of everything random")
	f.IntVar(&load.Containers, "containers", 6, "pods")
	f.IntVar(&load.Plains, "plains", 0, "other logs")
	f.IntVar(&load.Rate, "rate", 2000, "records a second")
	f.Int64Var(&load.Limit, "limit", 256<<10, "size at which files are rotated")
	f.BoolVar(&load.Drops, "drops", false, "write records for a drop rule")
	f.BoolVar(&load.Poisons, "poisons", false, "write records that the sink refuses")
	f.IntVar(&load.Longs, "longs", 0, "make one record in so many half a megabyte long")
	length := f.Duration("for", 24*time.Hour, "how long")
	if err := f.Parse(args); err != nil {
		return err
	}
	g, err := oracle.NewGenerator(load)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *length)
	defer cancel()
	go obey(g)
	return g.Run(ctx)
}

func obey(g *oracle.Generator) {
	pauses := make(chan os.Signal, 1)
	signal.Notify(pauses, syscall.SIGUSR1, syscall.SIGUSR2)
	for s := range pauses {
		g.Pause(s == syscall.SIGUSR1)
	}
}

// sink serves until it is killed. Its address is the first line of stdout.
func sink(args []string) error {
	f := flag.NewFlagSet("sink", flag.ExitOnError)
	listen := f.String("listen", "127.0.0.1:0", "address")
	record := f.String("record", "record", "file of what was stored")
	script := f.String("script", "ok", "cycle of behaviours, such as ok:2s,503:500ms")
	if err := f.Parse(args); err != nil {
		return err
	}
	s, err := oracle.NewSink(*record)
	if err != nil {
		return err
	}
	if err := s.Script.Set(*script); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return (&http.Server{Handler: s.Handler()}).Serve(l)
}

// judge compares a ledger, a sink's record and a journal.
func judge(args []string) error {
	f := flag.NewFlagSet("judge", flag.ExitOnError)
	ledger := f.String("ledger", "ledger", "what was written")
	record := f.String("record", "record", "what was stored")
	journal := f.String("journal", "", "folder with the journal's segments")
	if err := f.Parse(args); err != nil {
		return err
	}
	v, err := oracle.JudgeFiles(*ledger, *record, *journal)
	if err != nil {
		return err
	}
	fmt.Print(v)
	if len(v.Violations) > 0 {
		return fmt.Errorf("%d violations", len(v.Violations))
	}
	return nil
}
