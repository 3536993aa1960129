package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// traceCommand is one run of trace.
type traceCommand struct {
	journal journalFlags
	look    searchflags.Look
	remote  remoteFlags
	searchflags.Trace
}

func newTraceCommand() *cobra.Command {
	var t traceCommand
	cmd := &cobra.Command{
		Use:     "trace ID...",
		GroupID: groupSearch,
		Short:   "Show every line of a trace on this node",
		Long: `Trace shows every line of a trace in the order of time, indented by service in the
order in which services first appear. ID is a trace id (32 or 16 hexadecimal
digits, in any case), a traceparent header, or a request id: then the lines of
the traces in which it occurs are shown as well. The status is 1 when the
journal has no such line. Several ids are shown as one.`,
		Args: cobra.MinimumNArgs(1),
		Example: `  tailrace trace 4bf92f3577b34da6a3ce929d0e0e4736
  tailrace trace 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
  tailrace trace req-7f3a -o json`,
	}
	t.AddTime(cmd.Flags(), search.AllTime)
	t.look.Add(cmd.Flags())
	t.journal.add(cmd)
	t.remote.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		search.StepBack()
		return t.run(cmd, args)
	}
	return cmd
}

func (t *traceCommand) run(cmd *cobra.Command, ids []string) error {
	q, err := t.query(cmd, ids)
	if err != nil {
		return err
	}
	if t.remote.on {
		return t.answer(cmd, q)
	}
	reader, err := t.journal.open()
	if err != nil {
		return err
	}
	if q.Terms, err = withTraces(cmd.Context(), reader, q); err != nil {
		return err
	}
	damage := damageReport{w: cmd.ErrOrStderr()}
	lines, err := t.show(cmd.Context(), search.Search{Reader: reader, Query: q, Damaged: damage.add}, cmd.OutOrStdout())
	switch {
	case err != nil:
		return err
	case lines == 0 && !damage.seen:
		return fmt.Errorf("the journal has no line of %s: its other lines may be on other nodes, or older than the journal", search.Headline(q.Terms))
	}
	return damage.error()
}

// answer searches for one who asks from afar, and who finds out itself which
// traces a request is in: they may be on other nodes.
func (t *traceCommand) answer(cmd *cobra.Command, q search.Query) error {
	return t.remote.answer(cmd, &t.journal, false, func(_ context.Context, a *answering) error {
		q.Keep = nil
		a.search.Query, a.search.Sink = q, a.Answer
		return nil
	})
}

func (t *traceCommand) query(cmd *cobra.Command, ids []string) (q search.Query, err error) {
	if q, err = t.Query(ids...); err != nil {
		return q, err
	}
	if t.look.Output != string(search.Text) {
		q.Keep, err = t.look.Keep(cmd.OutOrStdout(), nil)
	}
	return q, err
}

// withTraces adds the traces that a request id occurs in.
func withTraces(ctx context.Context, r search.Reader, q search.Query) ([]search.Term, error) {
	if slices.ContainsFunc(q.Terms, func(t search.Term) bool { return t.Trace }) {
		return q.Terms, nil
	}
	traces, err := search.TracesOf(ctx, r, q, q.Terms)
	return append(q.Terms, traces...), err
}

// show prints what s finds and returns the number of lines.
func (t *traceCommand) show(ctx context.Context, s search.Search, out io.Writer) (int, error) {
	if s.Query.Keep != nil {
		p := search.NewPrinter(out)
		s.Sink = p
		err := runSearch(ctx, &s, false)
		return p.Matches, err
	}
	look, err := t.look.On(out)
	if err != nil {
		return 0, err
	}
	screen := search.NewTraceScreen(out, search.Headline(s.Query.Terms), look.Options)
	s.Sink = screen
	if err := runSearch(ctx, &s, false); err != nil {
		return 0, err
	}
	return screen.Close()
}
