// Command kubectl-tailrace searches the journals of all nodes of a cluster, as a
// plugin of kubectl.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/tailrace/tailrace/internal/render"
)

// The exit statuses, as grep has them.
const (
	exitFound   = 0
	exitNothing = 1
	exitTrouble = 2
)

// errNone ends a command with exitNothing and no message: nothing was found.
var errNone = errors.New("nothing found")

// errTold ends a command with exitTrouble; what is wrong has been said.
var errTold = errors.New("the result is incomplete")

// completer is the name by which kubectl asks for completions of what follows
// "kubectl tailrace" (kubectl 1.26 and later look for it in PATH).
const completer = "kubectl_complete-tailrace"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default action is back: a second one ends
	// the process at once.
	context.AfterFunc(ctx, stop)
	args := os.Args[1:]
	if filepath.Base(os.Args[0]) == completer {
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	// The client's own log is for its authors; its errors come back as errors.
	klog.SetLogger(logr.Discard())
	os.Exit(execute(ctx, args, os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, args []string, out, errOut io.Writer) int {
	var started bool
	root := newRootCommand(&started)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitFound
	case errors.Is(err, errNone):
		return exitNothing
	case errors.Is(err, errTold):
		return exitTrouble
	case !started:
		err = fmt.Errorf("%s; see '%s --help'", strings.Join(strings.Fields(err.Error()), " "), cmd.CommandPath())
	}
	render.Report(errOut, err.Error())
	return exitTrouble
}
