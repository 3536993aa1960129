// Command tailrace is a log agent for one node, and the tools that read what
// it wrote.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
)

// The exit statuses, as grep has them.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// errNone ends a command with exitFailure and no message: nothing was found.
var errNone = errors.New("nothing found")

// troubleError ends a command with exitUsage: of those that, as grep, say by
// exitFailure only that nothing was found.
type troubleError struct{ error }

func (e troubleError) Unwrap() error { return e.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default action is back: a second one ends
	// the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var started bool
	root := newRootCommand(&started)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNone):
		return exitFailure
	case !started:
		render.Report(errOut, usageMessage(cmd, err))
		return exitUsage
	}
	render.Report(errOut, err.Error())
	if errors.As(err, new(troubleError)) {
		return exitUsage
	}
	return exitFailure
}

// usageMessage is what was wrong with a command line, and where to read how
// it goes.
func usageMessage(cmd *cobra.Command, err error) string {
	message, _, _ := strings.Cut(err.Error(), "\nRun '")
	message = strings.Replace(message, "\n\nDid you mean this?", "; did you mean", 1)
	return fmt.Sprintf("%s\nsee '%s --help'", strings.Join(strings.Fields(message), " "), cmd.CommandPath())
}
