package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/managed"
	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/terminal"
)

// consent is what is to become of what somebody has changed.
type consent struct{ force, keep bool }

func (c *consent) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&c.force, "force", false, "replace what somebody has changed too, without asking")
	flags.BoolVar(&c.keep, "keep", false, "keep what somebody has changed and write the rest, without asking")
	cmd.MarkFlagsMutuallyExclusive("force", "keep")
}

// errUndecided ends a setup that would have to replace what somebody has
// changed, and may not ask.
var errUndecided = errors.New("somebody has changed what is shown above; nothing was written: repeat with --keep to keep it and write the rest, or with --force to replace it")

// give says whether things that somebody has changed, so many, may be replaced.
// Unless flags say it, the user is asked on a terminal; an error says that nothing
// is to be written at all.
func (c *consent) give(cmd *cobra.Command, changed int) (bool, error) {
	switch {
	case changed == 0 || c.keep || c.force:
		return c.force, nil
	case !terminal.Is(cmd.InOrStdin()):
		return false, errUndecided
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\nReplace what somebody has changed (%d)? With no it is kept, and the rest is written. [y/N] ", changed)
	line, err := readLine(cmd.Context(), cmd.InOrStdin())
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr())
		return false, fmt.Errorf("no answer (%w); nothing was written", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	case "", "n", "no":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither yes nor no; nothing was written", strings.TrimSpace(line))
}

// readLine waits for a line, or for the user's interrupt.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case a := <-read:
		return a.line, a.err
	}
}

// sayState tells what would be done about one thing, and how it differs. The
// difference has texts in it that others wrote.
func sayState(out io.Writer, s managed.State, kind, name, diff string) {
	fmt.Fprintf(out, "%-9s  %s %s\n", s, kind, render.Escape(nil, []byte(name)))
	for line := range strings.Lines(diff) {
		fmt.Fprintf(out, "    %s\n", render.Escape(nil, []byte(strings.TrimRight(line, "\n"))))
	}
}
