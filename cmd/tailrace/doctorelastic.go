package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/cluster"
	"github.com/tailrace/tailrace/internal/doctor"
)

func newDoctorElasticsearchCommand() *cobra.Command {
	var f clusterFlags
	var o cluster.Options
	var output string
	cmd := &cobra.Command{
		Use:   "elasticsearch",
		Short: "Check the Elasticsearch cluster that an exporter sends to",
		Long: `Doctor asks the cluster with the exporter's own credentials: whether it can be
reached and is Elasticsearch, its version, whether clocks agree, which privileges
are missing, and what a new data stream would be made with. It writes a document
into a data stream of its own and deletes it.

The status is 0 when nothing is wrong, and 1 otherwise; warnings do not count.`,
		Args: cobra.NoArgs,
		Example: `  tailrace doctor elasticsearch --config config.yaml
  tailrace doctor elasticsearch --config config.yaml --user elastic --password-file pw   templates too`,
	}
	f.add(cmd, ofCluster)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().StringVar(&o.Mapping, "mapping", "", "otel or ecs, instead of the pipeline's")
	cmd.Flags().StringArrayVar(&o.Datasets, "dataset", nil, "only for streams of this dataset, as with setup")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := f.target()
		if err != nil {
			return err
		}
		if o.Mapping == "" {
			o.Mapping = t.mapping
		}
		if err := o.Validate(); err != nil {
			return err
		}
		client, err := t.open(cmd)
		if err != nil {
			return err
		}
		defer client.Close()
		return reportDiagnosis(cmd.OutOrStdout(), doctor.NewReport(cluster.Examine(cmd.Context(), client, o, time.Now)), output)
	}
	return cmd
}
