package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

func newValidateCommand(kinds config.Kinds) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "validate [CONFIG…]",
		GroupID: groupConfig,
		Short:   "Check a configuration and report every mistake at once",
		Long: `Validate checks a configuration as run would read it: all files merged, every
key known, every value of the right type, every name leading somewhere. It needs
no network and no log files. Each mistake is reported with its file and line,
and the status is 1 when there is one.`,
		Example: `  tailrace validate config.yaml
  tailrace validate base.yaml node.yaml    merged; the last to set a value wins`,
	}
	uris := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := checkedConfig(append(*uris, args...), kinds)
		if cfg != nil {
			printWarnings(cmd.ErrOrStderr(), cfg)
		}
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		for _, promise := range []string{cfg.Service.Journal.Promise(), pipeline.PromiseOfQueues(cfg)} {
			if promise != "" {
				fmt.Fprintln(out, promise)
			}
		}
		_, err = fmt.Fprintln(out, "the configuration is valid")
		return err
	}
	return cmd
}

// checkedConfig is loadConfig and everything that validate checks. The
// configuration comes with the error when it could be read.
func checkedConfig(uris []string, kinds config.Kinds) (*config.Config, error) {
	if len(uris) > 0 {
		return config.Check(uris, kinds)
	}
	cfg := config.Default()
	return cfg, config.Validate(cfg, kinds)
}

func printWarnings(w io.Writer, cfg *config.Config) {
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(w, "tailrace: warning: %s\n", render.Escape(nil, []byte(warning.Error())))
	}
}
