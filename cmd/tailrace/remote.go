package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/nodestream"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/turn"
	"github.com/tailrace/tailrace/internal/vfs"
)

// remoteFlags say whether somebody asks from afar: kubectl tailrace.
type remoteFlags struct {
	on    bool
	turns int
}

// searchTurns is how many searches from afar work at a time on a node.
const searchTurns = 2

func (f *remoteFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.on, "stream", false, "answer kubectl tailrace: records on standard output, grants on standard input")
	cmd.Flags().IntVar(&f.turns, "turns", searchTurns, "with --stream, how many such searches of the node work at a time")
	for _, name := range []string{"stream", "turns"} {
		_ = cmd.Flags().MarkHidden(name)
	}
}

// answering is a search whose result goes to one who asks from afar.
type answering struct {
	*nodestream.Answer
	search search.Search
}

// answer runs a search when its turn has come. prepare says what is looked for.
func (f *remoteFlags) answer(cmd *cobra.Command, j *journalFlags, follow bool, prepare func(context.Context, *answering) error) error {
	search.StepFarBack()
	c, err := j.settings()
	if err != nil {
		return troubleError{err}
	}
	a := &answering{}
	if a.search.Reader, err = j.open(); err != nil {
		return troubleError{err}
	}
	var ctx context.Context
	a.Answer, ctx, err = nodestream.Begin(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), turn.New(vfs.OS{}, c.Directory, f.turns))
	if err == nil {
		err = a.run(ctx, follow, prepare)
	}
	if err != nil {
		a.Close()
		return troubleError{fmt.Errorf("the search has ended early: %w", err)}
	}
	return nil
}

// progress tells how far the search is, less what may still become context.
func (a *answering) progress(before int64) {
	if c, ok := a.search.Sink.(*search.Context); ok {
		if oldest, any := c.Oldest(); any {
			before = min(before, oldest)
		}
	}
	a.Answer.Progress(before)
}

func (a *answering) run(ctx context.Context, follow bool, prepare func(context.Context, *answering) error) error {
	a.search.Damaged, a.search.Progress = a.Answer.Damaged, a.progress
	if err := prepare(ctx, a); err != nil {
		return err
	}
	err := a.search.Run(ctx)
	if err == nil && follow && !a.Enough() {
		a.Following()
		err = a.search.Follow(ctx, followEvery)
	}
	if cause := context.Cause(ctx); err == nil || errors.Is(err, context.Canceled) {
		err = cause
	}
	if err != nil {
		return err
	}
	s := &a.search.Stats
	return a.End(nodestream.Summary{Late: s.Late, Gone: s.SegmentsGone, Oldest: s.Oldest})
}
