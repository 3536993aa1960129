package main

import (
	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

// kinds are the component types of this binary.
var kinds = pipeline.Kinds()

// newRootCommand makes the whole command tree. It sets *started when the
// command line was understood and its command begins: errors before that are
// about usage.
func newRootCommand(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "tailrace",
		Short: "Ship this node's logs, and search them where they are",
		Long: `Tailrace tails the container and access logs of one node, ties every line to
its trace, keeps it in a journal on disk and delivers it to Elasticsearch. The
journal can be searched on the node itself, with the agent running or not.`,
		Example: `  tailrace demo                          see it work, with no other service
  tailrace run --config config.yaml      run the agent
  tailrace grep -i timeout --since 10m   search the journal of this node
  tailrace trace 4bf92f3577b34da6a3ce929d0e0e4736`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun:  func(*cobra.Command, []string) { *started = true },
	}
	root.AddGroup(
		&cobra.Group{ID: groupAgent, Title: "The agent:"},
		&cobra.Group{ID: groupSearch, Title: "Reading logs on this node:"},
		&cobra.Group{ID: groupConfig, Title: "Configuration:"},
	)
	root.AddCommand(commands()...)
	return root
}

// The groups of commands in the help.
const (
	groupAgent  = "agent"
	groupSearch = "search"
	groupConfig = "config"
)

// commands lists every subcommand.
func commands() []*cobra.Command {
	return []*cobra.Command{
		newRunCommand(kinds),
		newDemoCommand(),
		newHealthCommand(),
		newDoctorCommand(kinds),
		newGrepCommand(), newLogsCommand(), newTraceCommand(), newJournalCommand(), newDeadLetterCommand(), newReplayCommand(), newParseCommand(), newStatusCommand(),
		newValidateCommand(kinds),
		newPrintConfigCommand(kinds),
		newSetupCommand(),
		newCompletionCommand(),
		newVersionCommand(),
	}
}

// configFlag adds --config to cmd and returns where its values will be.
func configFlag(cmd *cobra.Command) *[]string {
	uris := new([]string)
	cmd.Flags().StringArrayVar(uris, "config", nil,
		"configuration `FILE`, or file:, env: or yaml: and what it names; several are merged, the last wins")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return uris
}

// loadConfig reads the configuration that --config names, or the built-in one.
func loadConfig(uris []string) (*config.Config, error) {
	if len(uris) == 0 {
		return config.Default(), nil
	}
	return config.Load(uris)
}
