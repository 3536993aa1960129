package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/cluster"
	"github.com/tailrace/tailrace/internal/render"
)

func newSetupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "setup",
		GroupID: groupConfig,
		Short:   "Make what a backend must have for the agent's documents",
		Example: `  tailrace setup elasticsearch --config config.yaml --user elastic --password-file pw
  tailrace setup kibana --config config.yaml --endpoint https://kibana:5601 --user elastic --password-file pw`,
	}
	cmd.AddCommand(newSetupElasticsearchCommand(), newSetupKibanaCommand())
	return cmd
}

// setupElasticsearch is one run of setup elasticsearch.
type setupElasticsearch struct {
	cluster clusterFlags
	options cluster.Options
	consent consent

	dryRun, print, newKey bool
}

func newSetupElasticsearchCommand() *cobra.Command {
	var s setupElasticsearch
	cmd := &cobra.Command{
		Use:   "elasticsearch",
		Short: "Make templates, a role and an API key in an Elasticsearch cluster",
		Long: `Setup makes what an Elasticsearch cluster must have for the agent's documents:
a role with the least rights, an API key with the same, which is printed once,
and templates where those that Elasticsearch brings do not serve, or --retention
or --ilm ask for a lifecycle of one's own. Fields of applications cannot make a
mapping explode: beyond the limit they are stored and not indexed.

It can be repeated: what is right is left alone. What somebody has changed is
shown as a difference and replaced only if you say so, on the terminal or by
--force. Own additions belong into the component template tailrace-otel@custom
(or tailrace-ecs@custom), which is never written.

It needs the rights of an administrator, which the agent should not have: give
them with --user or --api-key-file.`,
		Args: cobra.NoArgs,
		Example: `  tailrace setup elasticsearch --config config.yaml --user elastic --password-file pw
  tailrace setup elasticsearch --config config.yaml --retention 30d --dry-run
  tailrace setup elasticsearch --print --mapping ecs    every request, with no cluster`,
	}
	s.cluster.add(cmd, ofCluster)
	flags := cmd.Flags()
	flags.StringVar(&s.options.Mapping, "mapping", "", "otel or ecs, instead of the pipeline's")
	flags.StringArrayVar(&s.options.Datasets, "dataset", nil, "only for streams of this dataset, such as nginx.access; may be repeated")
	flags.StringVar(&s.options.Retention, "retention", "", "delete documents when they are older, such as 30d; else they stay")
	flags.BoolVar(&s.options.ILM, "ilm", false, "a policy of index lifecycle management instead of a data stream lifecycle")
	flags.BoolVar(&s.options.Templates, "templates", false, "templates of one's own also where built-in ones serve")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only say what would be done; works without a cluster")
	flags.BoolVar(&s.print, "print", false, "print the requests that a new cluster needs; asks no cluster")
	s.consent.add(cmd)
	flags.BoolVar(&s.options.NoKey, "no-key", false, "make no API key")
	flags.BoolVar(&s.newKey, "new-key", false, "make another API key although there is one")
	cmd.MarkFlagsMutuallyExclusive("no-key", "new-key")
	cmd.MarkFlagsMutuallyExclusive("print", "dry-run")
	_ = cmd.RegisterFlagCompletionFunc("mapping", cobra.FixedCompletions([]string{"otel", "ecs"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd) }
	return cmd
}

func (s *setupElasticsearch) run(cmd *cobra.Command) error {
	t, err := s.cluster.target()
	if err != nil {
		return err
	}
	if s.options.Mapping == "" {
		s.options.Mapping = t.mapping
	}
	if err := s.options.Validate(); err != nil {
		return err
	}
	switch {
	case s.print:
		return printRequests(cmd.OutOrStdout(), cluster.NewPlan(s.options))
	case s.dryRun && !t.named:
		return s.say(cmd, cluster.NewPlan(s.options))
	}
	return s.apply(cmd, &t)
}

// printRequests prints what Kibana's console and people with curl understand.
func printRequests(out io.Writer, p *cluster.Plan) error {
	for _, r := range p.Requests() {
		body, err := json.MarshalIndent(r.Body, "", "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s %s\n%s\n\n", r.Method, r.Path, body); err != nil {
			return err
		}
	}
	return nil
}

func (s *setupElasticsearch) apply(cmd *cobra.Command, t *target) error {
	client, err := t.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	p, err := cluster.Look(cmd.Context(), client, s.options)
	if err != nil {
		return offlineToo(err, s.dryRun)
	}
	if err := s.say(cmd, p); err != nil || s.dryRun {
		return err
	}
	replace, err := s.consent.give(cmd, p.NeedConsent())
	if err != nil {
		return err
	}
	if err := p.Apply(cmd.Context(), client, replace, func(c cluster.Change) {
		fmt.Fprintf(cmd.OutOrStdout(), "written: %s %s\n", c.Resource.Kind, c.Resource.Name())
	}); err != nil {
		return err
	}
	return s.key(cmd, p, client)
}

// offlineToo adds to a failure what a dry run can do without the cluster.
func offlineToo(err error, dryRun bool) error {
	if dryRun {
		return fmt.Errorf("%w\nwithout an address, --dry-run says what a new cluster needs", err)
	}
	return err
}

// say tells what would be done.
func (s *setupElasticsearch) say(cmd *cobra.Command, p *cluster.Plan) error {
	out := cmd.OutOrStdout()
	if p.ServedBy != "" {
		fmt.Fprintf(out, "%-9s  the built-in template %s serves %s\n", "served", p.ServedBy, p.Options.Patterns()[0])
	}
	for _, c := range p.Changes {
		sayState(out, c.State, c.Resource.Kind, c.Resource.Name(), c.Diff)
	}
	if p.Open {
		_, err := fmt.Fprintln(out, "open       security is off in this cluster: it needs no role and no API key")
		return err
	}
	if s.options.NoKey {
		return nil
	}
	state := "missing"
	if p.Key != nil {
		state = "unchanged"
		if !p.KeyFits() {
			state = "other"
		}
	}
	_, err := fmt.Fprintf(out, "%-9s  API key %s\n", state, p.Options.Name())
	return err
}

// key makes an API key and prints it, which nobody can do again.
func (s *setupElasticsearch) key(cmd *cobra.Command, p *cluster.Plan, client cluster.Server) error {
	out := cmd.OutOrStdout()
	switch {
	case s.options.NoKey || p.Open:
		return nil
	case p.Key != nil && !s.newKey && p.KeyFits():
		return nil
	case p.Key != nil && !s.newKey:
		_, err := fmt.Fprintf(out, "\nThe API key %s has other rights than are needed now: make another with --new-key, and invalidate it when no agent uses it.\n", render.Escape(nil, []byte(p.Key.ID)))
		return err
	}
	k, err := p.MakeKey(cmd.Context(), client)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nThe API key, which is shown only this once, for api_key or the file of api_key_file:\n\n  %s\n", render.Escape(nil, []byte(k.Encoded)))
	return err
}
