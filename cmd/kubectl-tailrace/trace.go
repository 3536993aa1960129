package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/gather"
	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// traceCommand is one run of trace.
type traceCommand struct {
	*cluster
	searchflags.Trace
	look searchflags.Look
	// theirs are the flags that nodes get.
	theirs *pflag.FlagSet
}

func newTraceCommand(c *cluster) *cobra.Command {
	t := &traceCommand{cluster: c, theirs: pflag.NewFlagSet("trace", pflag.ContinueOnError)}
	cmd := &cobra.Command{
		Use:   "trace ID...",
		Short: "Show every line of a trace, on whichever nodes they are",
		Long: `Trace shows every line of a trace in the order of time, indented by service in the
order in which services first appear. ID is a trace id (32 or 16 hexadecimal
digits, in any case), a traceparent header, or a request id: then the lines of
the traces in which it occurs on any node are shown as well. Times are those that
the nodes' clocks gave. The status is 0 when there are lines, 1 when there are
none, 2 when there was trouble.`,
		Args: cobra.MinimumNArgs(1),
		Example: `  kubectl tailrace trace 4bf92f3577b34da6a3ce929d0e0e4736
  kubectl tailrace trace 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
  kubectl tailrace trace req-7f3a --since 2h -o json`,
		RunE: t.run,
	}
	t.AddTime(t.theirs, search.AllTime)
	cmd.Flags().AddFlagSet(t.theirs)
	t.look.Add(cmd.Flags())
	return cmd
}

func (t *traceCommand) run(cmd *cobra.Command, ids []string) error {
	q, err := t.Query(ids...)
	if err != nil {
		return err
	}
	printer, err := newPrinter(cmd, &t.look, nil)
	if err != nil {
		return err
	}
	f, err := t.find(cmd, "", "")
	if err != nil {
		return err
	}
	printer.to(f)
	traces, err := t.tracesOf(f, q.Terms, ids)
	if err != nil {
		return err
	}
	for _, trace := range traces {
		ids = append(ids, string(trace.Text))
	}
	line := commandLine(t.theirs, ids...)
	if !printer.text {
		_, err := f.search(asked{"trace", line, printer.Printer, false})
		return verdict(printer.Matches, err)
	}
	screen := search.NewTraceScreen(f.out, search.Headline(append(q.Terms, traces...)), printer.look.Options)
	_, err = f.search(asked{"trace", line, gather.Trace{TraceScreen: screen}, false})
	lines, flushed := screen.Close()
	if flushed != nil {
		return flushed
	}
	if lines == 0 && err == nil {
		render.Report(f.errOut, "no node has a line of "+search.Headline(q.Terms)+": it may be older than the journals")
	}
	return verdict(lines, err)
}

// tracesOf finds the traces that a request is in, on all nodes: those that have
// not answered are told of in the search that follows.
func (t *traceCommand) tracesOf(f *fleet, terms []search.Term, ids []string) ([]search.Term, error) {
	if slices.ContainsFunc(terms, func(t search.Term) bool { return t.Trace }) {
		return nil, nil
	}
	found := &gather.TraceIDs{TraceIDs: search.TraceIDs{Known: terms}}
	s := gather.Search{Nodes: f.nodes("trace", commandLine(t.theirs, ids...)), Sink: found, Concurrency: f.concurrency, Silence: f.timeout}
	if f.progress != nil {
		s.Watch = f.progress.Watch
	}
	_, err := s.Run(f.cmd.Context())
	return found.Added, err
}
