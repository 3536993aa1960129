package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/exporters/elasticsearch"
	"github.com/tailrace/tailrace/pipeline/config"
)

// clusterFlags say which Elasticsearch cluster is meant, and as whom: that of
// an exporter in a configuration, or an address alone. What is given on the
// command line counts before the configuration, so that an administrator sets
// up what the agent uses with rights that the agent does not have.
type clusterFlags struct {
	config   *[]string
	exporter string

	endpoint, user, passwordFile, apiKeyFile, caFile string
}

// add registers the flags; address is what --endpoint says.
func (f *clusterFlags) add(cmd *cobra.Command, address string) {
	f.config = configFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.exporter, "exporter", "", "the exporter of the configuration that is meant, if it has several of Elasticsearch")
	flags.StringVar(&f.endpoint, "endpoint", "", address)
	flags.StringVar(&f.user, "user", "", "user to do it as, instead of the exporter's credentials; needs --password-file")
	flags.StringVar(&f.passwordFile, "password-file", "", "`FILE` with the user's password")
	flags.StringVar(&f.apiKeyFile, "api-key-file", "", "`FILE` with an API key to do it with")
	flags.StringVar(&f.caFile, "ca-file", "", "PEM `FILE` of the authorities that the cluster's certificate comes from")
	for _, name := range []string{"password-file", "api-key-file", "ca-file"} {
		_ = cmd.MarkFlagFilename(name)
	}
}

// ofCluster is what --endpoint says where the cluster is meant.
const ofCluster = "address of the cluster, such as https://es:9200, instead of the exporter's"

// target is a cluster and the mapping of the documents that go there.
type target struct {
	config  elasticsearch.Config
	mapping string
	// named says that there is an address.
	named bool
}

func (f *clusterFlags) target() (target, error) {
	t := target{config: elasticsearch.DefaultConfig(), mapping: config.DefaultMapping}
	if len(*f.config) > 0 {
		if err := f.configured(&t); err != nil {
			return t, err
		}
	}
	f.override(&t.config)
	t.named = t.config.Endpoint != "" || len(t.config.Endpoints) > 0 || t.config.CloudID != ""
	return t, nil
}

// configured takes the exporter's section and its pipeline's mapping.
func (f *clusterFlags) configured(t *target) error {
	cfg, err := checkedConfig(*f.config, kinds)
	if err != nil {
		return err
	}
	id, err := f.choose(cfg)
	if err != nil {
		return err
	}
	if err := config.Decode(cfg.Exporters[id], &t.config); err != nil {
		return err
	}
	for _, p := range cfg.Service.Pipelines {
		if slices.Contains(p.Exporters, id) {
			t.mapping = p.Mapping
		}
	}
	return nil
}

// choose finds the exporter that is meant.
func (f *clusterFlags) choose(cfg *config.Config) (config.ID, error) {
	var found []config.ID
	var names []string
	for _, id := range cfg.Exporters.IDs() {
		if id.Type == "elasticsearch" && cmp.Or(f.exporter, id.String()) == id.String() {
			found, names = append(found, id), append(names, id.String())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return config.ID{}, fmt.Errorf("the configuration has several exporters of Elasticsearch: choose with --exporter one of %s", strings.Join(names, ", "))
	case f.exporter != "":
		return config.ID{}, fmt.Errorf("there is no exporter %q of Elasticsearch in the configuration", f.exporter)
	}
	return config.ID{}, errors.New("the configuration has no exporter of Elasticsearch: add one, or use --endpoint without --config")
}

func (f *clusterFlags) override(c *elasticsearch.Config) {
	if f.endpoint != "" {
		c.Endpoint, c.Endpoints, c.CloudID = f.endpoint, nil, ""
	}
	if f.user != "" || f.apiKeyFile != "" {
		c.User, c.PasswordFile, c.Password = f.user, f.passwordFile, ""
		c.APIKey, c.APIKeyFile, c.BearerToken, c.BearerTokenFile = "", f.apiKeyFile, "", ""
	}
	c.TLS.CAFile = cmp.Or(f.caFile, c.TLS.CAFile)
}

// open makes a client. It does not connect.
func (t *target) open(cmd *cobra.Command) (*elasticsearch.Client, error) {
	if !t.named {
		return nil, errors.New("which cluster? give --config with an exporter of Elasticsearch, or --endpoint https://es:9200")
	}
	return elasticsearch.NewClient(t.config, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
}
