package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
)

// logsCommand is one run of logs.
type logsCommand struct {
	journal journalFlags
	look    searchflags.Look
	remote  remoteFlags
	searchflags.Logs
}

func newLogsCommand() *cobra.Command {
	var l logsCommand
	cmd := &cobra.Command{
		Use:     "logs [flags] [POD]",
		GroupID: groupSearch,
		Short:   "Show the lines of a pod, also of one that is gone",
		Long: `Logs shows the lines of the pods of this node in the order of time, with kubectl's
letters: of POD, of the workload of that name, or of the pods that -l selects.
It reads the journal, so that it also shows pods that were deleted, and all
restarts of a container; -p shows only the life before the last one.

Unlike kubectl, it looks in every namespace unless -n names one, and --tail
counts per container. The status is 1 when there is no such line.`,
		Args: cobra.MaximumNArgs(1),
		Example: `  tailrace logs cart --tail 20 -f
  tailrace logs -n shop -l app=cart --since 10m
  tailrace logs cart-7d9f8b6c5-x2x4z -c cart -p -o raw`,
	}
	l.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		search.StepBack()
		return l.run(cmd, strings.Join(args, ""))
	}
	return cmd
}

func (l *logsCommand) addFlags(cmd *cobra.Command) {
	l.Add(cmd.Flags())
	for _, group := range searchflags.LogsExclusive {
		cmd.MarkFlagsMutuallyExclusive(group...)
	}
	l.look.AddRaw(cmd.Flags())
	l.look.Add(cmd.Flags())
	l.journal.add(cmd)
	l.remote.add(cmd)
}

func (l *logsCommand) run(cmd *cobra.Command, pod string) error {
	q, err := l.Query(pod)
	if err != nil {
		return err
	}
	if l.remote.on {
		return l.answer(cmd, q)
	}
	if q.Keep, err = l.look.Keep(cmd.OutOrStdout(), nil); err != nil {
		return err
	}
	reader, err := l.journal.open()
	if err != nil {
		return err
	}
	printer := search.NewPrinter(cmd.OutOrStdout())
	damage := damageReport{w: cmd.ErrOrStderr()}
	s := search.Search{Reader: reader, Query: q, Sink: printer, Damaged: damage.add}
	if err := l.narrow(cmd.Context(), &s); err != nil {
		return err
	}
	if l.Previous && len(s.Query.Restart) == 0 {
		return errors.New("no container here has an earlier life in the journal: leave -p out to see the last one")
	}
	if err := runSearch(cmd.Context(), &s, l.Follow); err != nil {
		return err
	}
	printNotes(cmd.ErrOrStderr(), s.Stats)
	if printer.Matches == 0 && !damage.seen && l.Tail != 0 {
		return fmt.Errorf("the journal has no %s in that time: \"tailrace status\" shows what is read on this node", l.Wanted())
	}
	return damage.error()
}

// answer searches for one who asks from afar.
func (l *logsCommand) answer(cmd *cobra.Command, q search.Query) error {
	return l.remote.answer(cmd, &l.journal, l.Follow, func(ctx context.Context, a *answering) error {
		a.search.Query, a.search.Sink = q, a.Answer
		return l.narrow(ctx, &a.search)
	})
}

// narrow finds out which lives of containers and which lines are meant.
func (l *logsCommand) narrow(ctx context.Context, s *search.Search) (err error) {
	if l.Previous {
		if s.Query.Restart, err = search.PreviousLives(ctx, s.Reader, s.Query.Scope); err != nil {
			return err
		}
	}
	if l.Tail >= 0 {
		return s.Tail(ctx, l.Tail)
	}
	return nil
}
