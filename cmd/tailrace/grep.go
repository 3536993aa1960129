package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// grepCommand is one run of grep.
type grepCommand struct {
	journal journalFlags
	look    searchflags.Look
	remote  remoteFlags
	searchflags.Grep
}

func newGrepCommand() *cobra.Command {
	var g grepCommand
	cmd := &cobra.Command{
		Use:     "grep [flags] PATTERN",
		GroupID: groupSearch,
		Short:   "Find lines in this node's journal",
		Long: `Grep prints the lines that match PATTERN, an RE2 regular expression, in the order
of time. The pattern is tried on the message, on the level as the application
wrote it, and on every attribute and id as name=value (status_code=50[34]).

It works with the agent running or not, and writes nothing. Without --since it
searches the last hour, and says so when there is more. The status is 0 when a
line matched, 1 when none did, 2 when the search could not be done or a part of
the journal is damaged. Around a match, -A, -B and -C show lines of the same
container.`,
		Args: cobra.ExactArgs(1),
		Example: `  tailrace grep -i 'timeout|refused' --since 10m -n shop
  tailrace grep '' --level error --since all -o json | jq .attributes
  tailrace grep '' --status 5xx -f`,
	}
	g.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := g.run(cmd, args[0])
		switch {
		case err != nil:
			return troubleError{err}
		case !found:
			return errNone
		}
		return nil
	}
	return cmd
}

func (g *grepCommand) addFlags(cmd *cobra.Command) {
	g.Add(cmd.Flags())
	g.AddContext(cmd.Flags(), "context")
	g.look.Add(cmd.Flags())
	g.journal.add(cmd)
	g.remote.add(cmd)
}

func (g *grepCommand) run(cmd *cobra.Command, pattern string) (found bool, err error) {
	search.StepBack()
	q, err := g.Query(pattern)
	if err != nil {
		return false, err
	}
	if g.remote.on {
		return true, g.answer(cmd, q)
	}
	if q.Keep, err = g.look.Keep(cmd.OutOrStdout(), q.Pattern); err != nil {
		return false, err
	}
	reader, err := g.journal.open()
	if err != nil {
		return false, err
	}
	printer := search.NewPrinter(cmd.OutOrStdout())
	printer.Limit, printer.Quiet = g.Limit(), g.Quiet
	damage := damageReport{w: cmd.ErrOrStderr()}
	s := search.Search{Reader: reader, Query: q, Sink: g.Sink(printer, printer.Gap), Damaged: damage.add}
	if err := runSearch(cmd.Context(), &s, g.Follow); err != nil {
		return false, err
	}
	if printer.Matches > 0 && g.Quiet {
		return true, nil
	}
	g.printNotes(cmd, s.Stats)
	return printer.Matches > 0, damage.error()
}

// answer searches for one who asks from afar.
func (g *grepCommand) answer(cmd *cobra.Command, q search.Query) error {
	return g.remote.answer(cmd, &g.journal, g.Follow, func(_ context.Context, a *answering) error {
		a.Limit = g.Limit()
		a.search.Query, a.search.Sink = q, g.Sink(a.Answer, a.Gap)
		return nil
	})
}

func (g *grepCommand) printNotes(cmd *cobra.Command, stats search.Stats) {
	w := cmd.ErrOrStderr()
	printNotes(w, stats)
	if stats.Oldest != 0 && !cmd.Flags().Changed("since") {
		render.Report(w, fmt.Sprintf("note: only the last %s was searched; the journal has lines from %s on: --since all searches them too",
			searchflags.DefaultSince, searchflags.Clock(stats.Oldest, g.look.UTC)))
	}
}
