package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is stamped by the build: -ldflags "-X main.version=…".
var version = "dev"

func newVersionCommand() *cobra.Command {
	var short bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show the version and how this binary was built",
		Args:    cobra.NoArgs,
		Example: "  tailrace version --short",
	}
	cmd.Flags().BoolVar(&short, "short", false, "the version number alone")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		text := versionText()
		if short {
			text = version
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
		return err
	}
	return cmd
}

func versionText() string {
	text := "tailrace " + version
	if rev := revision(); rev != "" {
		text += " (" + rev + ")"
	}
	return fmt.Sprintf("%s %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// revision is the commit that the go command recorded, "" when it recorded
// none, with a + when the tree had changes.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	rev := settings["vcs.revision"]
	rev = rev[:min(len(rev), 12)]
	if rev != "" && settings["vcs.modified"] == "true" {
		rev += "+"
	}
	return rev
}
