package main

import (
	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/pipeline/config"
)

func newPrintConfigCommand(kinds config.Kinds) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "print-config [CONFIG…]",
		GroupID: groupConfig,
		Short:   "Show the configuration that would be used, without its secrets",
		Long: `Print-config shows the configuration that run would use: all files merged, every
${…} resolved, every default filled in. Secrets are replaced by ` + config.Redacted + `.`,
		Example: `  tailrace print-config config.yaml
  tailrace print-config                    the built-in configuration`,
	}
	uris := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := checkedConfig(append(*uris, args...), kinds)
		if err != nil {
			return err
		}
		printWarnings(cmd.ErrOrStderr(), cfg)
		return config.Print(cfg, kinds, cmd.OutOrStdout())
	}
	return cmd
}
