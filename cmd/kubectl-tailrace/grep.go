package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/gather"
	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// grepCommand is one run of grep.
type grepCommand struct {
	*cluster
	searchflags.Grep
	look searchflags.Look
	// theirs are the flags that nodes get.
	theirs *pflag.FlagSet
}

func newGrepCommand(c *cluster) *cobra.Command {
	g := &grepCommand{cluster: c, theirs: pflag.NewFlagSet("grep", pflag.ContinueOnError)}
	cmd := &cobra.Command{
		Use:   "grep [flags] PATTERN",
		Short: "Find lines on all nodes",
		Long: `Grep has all nodes search what they keep for lines that match PATTERN, an RE2
regular expression, and prints them in the order of time. It understands the
flags of "tailrace grep" on a node: the pattern is tried on the message, on the
level, and on every attribute and id as name=value (status_code=50[34]).

Without --since it searches the last hour, as each node's clock has it. With
--pod and the exact name of a pod that exists, only its node is asked. The status
is 0 when a line matched, 1 when none did, 2 when there was trouble, such as a
node that did not answer.`,
		Args: cobra.ExactArgs(1),
		Example: `  kubectl tailrace grep -i 'timeout|refused' --since 10m -n shop
  kubectl tailrace grep '' --level error -f
  kubectl tailrace grep '' --status 5xx -o json --node node-7 | jq .attributes`,
		RunE: func(cmd *cobra.Command, args []string) error { return g.run(cmd, args[0]) },
	}
	g.Add(g.theirs)
	cmd.Flags().AddFlagSet(g.theirs)
	g.AddContext(cmd.Flags(), "around")
	g.look.Add(cmd.Flags())
	return cmd
}

func (g *grepCommand) run(cmd *cobra.Command, pattern string) error {
	q, err := g.Query(pattern)
	if err != nil {
		return err
	}
	line := commandLine(g.theirs, pattern)
	if g.Context > 0 {
		line = append([]string{fmt.Sprint("--after-context=", g.After), fmt.Sprint("--before-context=", g.Before)}, line...)
	}
	printer, err := newPrinter(cmd, &g.look, q.Pattern)
	if err != nil {
		return err
	}
	f, err := g.find(cmd, g.Namespace, g.Pod)
	if err != nil {
		return err
	}
	printer.to(f)
	printer.Limit, printer.Quiet, printer.Groups = g.Limit(), g.Quiet, q.Context
	o, err := f.search(asked{"grep", line, printer.Printer, g.Follow})
	if g.Quiet && printer.Matches > 0 {
		return nil
	}
	if o.Oldest != 0 && !cmd.Flags().Changed("since") {
		render.Report(f.errOut, fmt.Sprintf("note: only the last %s was searched; there are lines from %s on: --since all searches them too",
			searchflags.DefaultSince, searchflags.Clock(o.Oldest, g.look.UTC)))
	}
	return verdict(printer.Matches, err)
}

// verdict is how a command ends.
func verdict(found int, err error) error {
	if err == nil && found == 0 {
		return errNone
	}
	return err
}

// printer prints lines as the flags say.
type printer struct {
	*gather.Printer
	look search.Look
	text bool
}

// newPrinter makes one of the flags, which may be wrong, before anybody is asked.
func newPrinter(cmd *cobra.Command, flags *searchflags.Look, emphasis *search.Pattern) (*printer, error) {
	format, err := search.ParseFormat(flags.Output)
	if err != nil {
		return nil, err
	}
	look, err := flags.On(cmd.OutOrStdout())
	look.Emphasis = emphasis
	p := &printer{Printer: gather.NewPrinter(cmd.OutOrStdout()), look: look, text: format == search.Text}
	p.Keep = gather.Keep(format, look)
	return p, err
}

// to has it print where the agents' lines are shown.
func (p *printer) to(f *fleet) {
	p.SetOutput(f.out)
	p.Names, p.Color = p.text && len(f.Agents) > 1, p.look.Color
}
