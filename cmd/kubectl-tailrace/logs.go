package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// logsCommand is one run of logs.
type logsCommand struct {
	*cluster
	searchflags.Logs
	look searchflags.Look
	// theirs are the flags that nodes get.
	theirs *pflag.FlagSet
}

func newLogsCommand(c *cluster) *cobra.Command {
	l := &logsCommand{cluster: c, theirs: pflag.NewFlagSet("logs", pflag.ContinueOnError)}
	cmd := &cobra.Command{
		Use:   "logs [flags] [POD]",
		Short: "Show the lines of pods on all nodes, also of those that are gone",
		Long: `Logs shows the lines of pods in the order of time, with kubectl's letters: of POD,
of the workload of that name, or of the pods that -l selects, also of pods that
were deleted, and all restarts of a container; -p shows only the life before the
last one.

Unlike kubectl, it looks in every namespace unless -n names one, and --tail
counts per container. When POD is the exact name of a pod that exists, only its
node is asked; what a pod of that name wrote elsewhere, --all-nodes shows. The
status is 0 when there are lines, 1 when there are none, 2 when there was trouble.`,
		Args: cobra.MaximumNArgs(1),
		Example: `  kubectl tailrace logs web-1 -n shop --tail 20 -f
  kubectl tailrace logs -n shop -l app=cart --since 10m
  kubectl tailrace logs cart -n shop -c cart -p -o raw`,
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd, strings.Join(args, "")) },
	}
	l.Add(l.theirs)
	cmd.Flags().AddFlagSet(l.theirs)
	for _, group := range searchflags.LogsExclusive {
		cmd.MarkFlagsMutuallyExclusive(group...)
	}
	l.look.AddRaw(cmd.Flags())
	l.look.Add(cmd.Flags())
	return cmd
}

func (l *logsCommand) run(cmd *cobra.Command, pod string) error {
	var args []string
	if pod != "" {
		args = []string{pod}
	}
	line := commandLine(l.theirs, args...)
	if _, err := l.Query(pod); err != nil {
		return err
	}
	printer, err := newPrinter(cmd, &l.look, nil)
	if err != nil {
		return err
	}
	f, err := l.find(cmd, l.Namespace, l.Pod)
	if err != nil {
		return err
	}
	printer.to(f)
	_, err = f.search(asked{"logs", line, printer.Printer, l.Follow})
	if err == nil && printer.Matches == 0 && l.Tail != 0 {
		render.Report(f.errOut, "no node has "+l.Wanted()+" in that time: \"kubectl tailrace status\" shows what is read")
	}
	return verdict(printer.Matches, err)
}
