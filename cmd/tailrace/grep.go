package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
)

// defaultSince is how far grep looks back when nobody says.
const defaultSince = "1h"

// grepCommand is one run of grep.
type grepCommand struct {
	journal journalFlags
	look    lookFlags
	bounds  boundFlags
	pattern search.PatternOptions

	level, status          string
	most                   int
	before, after, context int
	quiet, follow          bool
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
	f := cmd.Flags()
	f.BoolVarP(&g.pattern.Fixed, "fixed-strings", "F", false, "PATTERN is plain text")
	f.BoolVarP(&g.pattern.IgnoreCase, "ignore-case", "i", false, "upper and lower case are the same")
	f.BoolVarP(&g.pattern.Word, "word-regexp", "w", false, "match whole words only")
	f.BoolVarP(&g.pattern.Invert, "invert-match", "v", false, "print the lines that do not match")
	f.IntVarP(&g.most, "max-count", "m", 0, "stop after this many lines")
	f.IntVarP(&g.after, "after-context", "A", 0, "print this many lines of the container after a match")
	f.IntVarP(&g.before, "before-context", "B", 0, "and this many before it")
	f.IntVarP(&g.context, "context", "C", 0, "both")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "print nothing, stop at the first match")
	f.BoolVarP(&g.follow, "follow", "f", false, "go on with new lines")
	f.StringVar(&g.level, "level", "", "least severity: trace, debug, info, warn, error or fatal")
	f.StringVar(&g.status, "status", "", "HTTP status: 503, 5xx, 500-504, '>=500'")
	g.bounds.addNames(cmd)
	g.bounds.addTime(cmd, defaultSince)
	g.look.add(cmd)
	g.journal.add(cmd)
}

func (g *grepCommand) run(cmd *cobra.Command, pattern string) (found bool, err error) {
	search.StepBack()
	q, err := g.query(cmd, pattern)
	if err != nil {
		return false, err
	}
	reader, err := g.journal.open()
	if err != nil {
		return false, err
	}
	printer := search.NewPrinter(cmd.OutOrStdout())
	printer.Most, printer.After, printer.Quiet = g.most, g.after, g.quiet
	damage := damageReport{w: cmd.ErrOrStderr()}
	s := search.Search{Reader: reader, Query: q, Sink: g.sink(printer), Damaged: damage.add}
	if err := runSearch(cmd.Context(), &s, g.follow); err != nil {
		return false, err
	}
	if printer.Matches > 0 && g.quiet {
		return true, nil
	}
	g.printNotes(cmd, s.Stats)
	return printer.Matches > 0, damage.error()
}

// query is what the flags ask for.
func (g *grepCommand) query(cmd *cobra.Command, pattern string) (q search.Query, err error) {
	g.after, g.before = max(g.after, g.context), max(g.before, g.context)
	q.Context = g.after > 0 || g.before > 0
	if err := g.bounds.apply(&q); err != nil {
		return q, err
	}
	if q.Pattern, err = search.CompilePattern(pattern, g.pattern); err != nil {
		return q, err
	}
	if g.level != "" {
		if q.Level, err = search.ParseLevel(g.level); err != nil {
			return q, err
		}
	}
	if g.status != "" {
		r, err := search.ParseStatus(g.status)
		if err != nil {
			return q, err
		}
		q.Status = &r
	}
	q.Keep, err = g.look.keep(cmd.OutOrStdout(), q.Pattern)
	return q, err
}

// sink is the printer, behind context when some is asked for.
func (g *grepCommand) sink(p *search.Printer) search.Sink {
	if g.after == 0 && g.before == 0 {
		return p
	}
	return &search.Context{Before: g.before, After: g.after, Next: p, Gap: p.Gap}
}

func (g *grepCommand) printNotes(cmd *cobra.Command, stats search.Stats) {
	w := cmd.ErrOrStderr()
	printNotes(w, stats)
	if stats.Oldest != 0 && !cmd.Flags().Changed("since") {
		printError(w, fmt.Sprintf("note: only the last %s was searched; the journal has lines from %s on: --since all searches them too",
			defaultSince, clock(stats.Oldest, g.look.utc)))
	}
}
