package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/control"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/journal"
)

func newDeadLetterReplayCommand() *cobra.Command {
	var f deadLetterFlags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Send refused documents again, after the cause was mended",
		Long: `Replay asks the running agent to send dead letters once more, for instance after a
mapping was changed. They leave the store when the backend has them; those that it
refuses again come back with the new reason, and those that it refuses for now
are parked and tried until it takes them. Documents that the backend has are
known by their ids, so that replay can be repeated at any time.

The status is 1 when some could not be sent again.`,
		Args: cobra.NoArgs,
		Example: `  tailrace deadletter replay --dry-run
  tailrace deadletter replay -n shop --exporter elasticsearch`,
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only count what would be sent again")
	f.addChoice(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if dryRun {
			return f.count(cmd)
		}
		return f.replay(cmd)
	}
	return cmd
}

func (f *deadLetterFlags) count(cmd *cobra.Command) error {
	n := 0
	err := f.each(cmd.ErrOrStderr(), func(*journal.Refused) error {
		n++
		return nil
	})
	fmt.Fprintf(cmd.OutOrStdout(), "would send %s documents again\n", humanize.Comma(int64(n)))
	return err
}

func (f *deadLetterFlags) replay(cmd *cobra.Command) error {
	dir, err := f.directory()
	if err != nil {
		return err
	}
	if dir == "" {
		fmt.Fprintln(cmd.OutOrStdout(), "nothing has been refused")
		return nil
	}
	settings, err := f.journal.settings()
	if err != nil {
		return err
	}
	var r pipeline.Replayed
	err = control.Ask(cmd.Context(), settings.Directory, pipeline.ReplayDeadLettersPath, f.chosen, &r)
	if errors.Is(err, control.ErrNoAgent) {
		return fmt.Errorf("%w: refused documents are sent again by the agent, so start it and repeat", err)
	}
	if err != nil {
		return err
	}
	return printReplayed(cmd.OutOrStdout(), r)
}

func printReplayed(out io.Writer, r pipeline.Replayed) error {
	fmt.Fprintf(out, "%s documents are being sent again; \"tailrace deadletter ls\" lists those that are refused again, and with --parked those that wait\n",
		humanize.Comma(int64(r.Parked)))
	var err error
	if r.NoRoom > 0 {
		err = fmt.Errorf("%s documents are not: the store for parked documents is full; repeat when it has been delivered, or raise service.journal.park.max_size", humanize.Comma(int64(r.NoRoom)))
	}
	if r.NoExporter > 0 {
		err = errors.Join(err, fmt.Errorf("%s documents are not: the exporter that they are of is not in the agent's configuration", humanize.Comma(int64(r.NoExporter))))
	}
	return err
}
