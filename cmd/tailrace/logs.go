package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
)

// logsCommand is one run of logs.
type logsCommand struct {
	journal journalFlags
	look    lookFlags
	bounds  boundFlags

	selector, sinceTime string
	allNamespaces       bool
	follow, previous    bool
	timestamps, prefix  bool
	tail                int
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
	f := cmd.Flags()
	f.StringVarP(&l.bounds.namespace, "namespace", "n", "", "only this namespace")
	f.BoolVarP(&l.allNamespaces, "all-namespaces", "A", false, "every namespace, as without -n")
	f.StringVarP(&l.bounds.container, "container", "c", "", "only this container")
	f.StringVarP(&l.selector, "selector", "l", "", "only pods with these labels: key=value, key!=value, key, !key, with commas between")
	f.BoolVarP(&l.follow, "follow", "f", false, "go on with new lines")
	f.BoolVarP(&l.previous, "previous", "p", false, "the life of the container before its last one")
	f.IntVar(&l.tail, "tail", -1, "only this many lines of each container, the last ones")
	f.BoolVar(&l.timestamps, "timestamps", false, "put the full time in front of raw lines")
	f.BoolVar(&l.prefix, "prefix", false, "put namespace, pod and container in front of raw lines")
	f.StringVar(&l.sinceTime, "since-time", "", "from this moment on (RFC 3339)")
	l.bounds.addTime(cmd, search.AllTime)
	cmd.MarkFlagsMutuallyExclusive("since", "since-time")
	cmd.MarkFlagsMutuallyExclusive("namespace", "all-namespaces")
	cmd.MarkFlagsMutuallyExclusive("follow", "previous")
	l.look.add(cmd)
	l.journal.add(cmd)
}

func (l *logsCommand) run(cmd *cobra.Command, pod string) error {
	q, err := l.query(cmd, strings.TrimPrefix(pod, "pod/"))
	if err != nil {
		return err
	}
	reader, err := l.journal.open()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if l.previous {
		if q.Restart, err = previousLives(ctx, reader, q.Scope); err != nil {
			return err
		}
	}
	printer := search.NewPrinter(cmd.OutOrStdout())
	damage := damageReport{w: cmd.ErrOrStderr()}
	s := search.Search{Reader: reader, Query: q, Sink: printer, Damaged: damage.add}
	if l.tail >= 0 {
		if err := s.Tail(ctx, l.tail); err != nil {
			return err
		}
	}
	if err := runSearch(ctx, &s, l.follow); err != nil {
		return err
	}
	printNotes(cmd.ErrOrStderr(), s.Stats)
	if printer.Matches == 0 && !damage.seen && l.tail != 0 {
		return l.nothing(q.Scope)
	}
	return damage.error()
}

func (l *logsCommand) query(cmd *cobra.Command, pod string) (q search.Query, err error) {
	l.bounds.pod = pod
	if l.sinceTime != "" {
		l.bounds.since = l.sinceTime
	}
	if err := l.bounds.apply(&q); err != nil {
		return q, err
	}
	if q.Scope.Labels, err = search.ParseLabels(l.selector); err != nil {
		return q, err
	}
	if l.tail < -1 || l.tail > math.MaxInt32 {
		return q, fmt.Errorf("--tail %d: want how many lines, or -1 for all", l.tail)
	}
	l.look.origin, l.look.stamps = l.prefix, l.timestamps
	q.Keep, err = l.look.keep(cmd.OutOrStdout(), nil)
	return q, err
}

func previousLives(ctx context.Context, r search.Reader, scope search.Scope) (map[string]string, error) {
	lives, err := search.PreviousLives(ctx, r, scope)
	if err == nil && len(lives) == 0 {
		return nil, errors.New("no container here has an earlier life in the journal: leave -p out to see the last one")
	}
	return lives, err
}

// nothing says what was looked for in vain, and what to try.
func (l *logsCommand) nothing(scope search.Scope) error {
	what := "lines"
	for _, part := range []struct{ name, value string }{
		{"pod", scope.Pod}, {"container", scope.Container}, {"namespace", scope.Namespace}, {"labels", l.selector},
	} {
		if part.value != "" {
			what += fmt.Sprintf(" of %s %s", part.name, part.value)
		}
	}
	return fmt.Errorf("the journal has no %s in that time: \"tailrace status\" shows what is read on this node", what)
}
