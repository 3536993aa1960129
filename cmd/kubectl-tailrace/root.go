package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// version is stamped by the build.
var version = "dev"

// newRootCommand makes the command tree. It sets *started when the command line
// was understood and its command begins.
func newRootCommand(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:         "kubectl-tailrace",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl tailrace"},
		Short:       "Search the logs on all nodes where they are",
		Long: `kubectl tailrace has the Tailrace agents of a cluster search the journals of their
nodes, all at the same time, and shows what they find in the order of time. It
needs no backend: only the right to run programs in the agents' pods.

The status is 0 when something was found, 1 when nothing was, 2 when there was
trouble, such as a node that did not answer; what the others found is shown then
as well.`,
		Example: `  kubectl tailrace trace 4bf92f3577b34da6a3ce929d0e0e4736
  kubectl tailrace grep -i 'timeout|refused' --since 10m -n shop
  kubectl tailrace logs web-1 -n shop
  kubectl tailrace status`,
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun:  func(*cobra.Command, []string) { *started = true },
	}
	c := &cluster{}
	c.addFlags(root)
	root.AddCommand(newGrepCommand(c), newLogsCommand(c), newTraceCommand(c), newStatusCommand(c), newVersionCommand())
	return root
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, Example: "  kubectl tailrace version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
}
