package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/kibana"
)

// setupKibana is one run of setup kibana.
type setupKibana struct {
	flags          clusterFlags
	mapping, space string
	consent        consent

	dryRun, print bool
}

func newSetupKibanaCommand() *cobra.Command {
	var s setupKibana
	cmd := &cobra.Command{
		Use:   "kibana",
		Short: "Put a data view, saved searches and dashboards into Kibana",
		Long: `Setup puts what people look at the agent's documents through into Kibana: a data
view in which trace ids open their trace, the saved searches "errors with traces",
"slow requests" and "this trace", and dashboards of access logs, errors and what
arrives.

It can be repeated: what is right is left alone, and what an older version wrote
is replaced. What somebody has changed is shown as a difference and replaced only
if you say so, on the terminal or by --force. With --print the objects are a file
for Kibana's own import (Stack Management, Saved Objects).`,
		Args: cobra.NoArgs,
		Example: `  tailrace setup kibana --config config.yaml --endpoint https://kibana:5601 --user elastic --password-file pw
  tailrace setup kibana --endpoint https://kibana:5601 --api-key-file key --dry-run
  tailrace setup kibana --print --mapping ecs > tailrace.ndjson`,
	}
	s.flags.add(cmd, "address of Kibana, such as https://kibana:5601")
	flags := cmd.Flags()
	flags.StringVar(&s.mapping, "mapping", "", "otel or ecs, instead of the pipeline's")
	flags.StringVar(&s.space, "space", "", "the space of Kibana, by its id, instead of the default one")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only say what would be done; works without Kibana")
	flags.BoolVar(&s.print, "print", false, "print the objects as NDJSON; asks nobody")
	s.consent.add(cmd)
	cmd.MarkFlagsMutuallyExclusive("print", "dry-run")
	_ = cmd.RegisterFlagCompletionFunc("mapping", cobra.FixedCompletions([]string{"otel", "ecs"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd) }
	return cmd
}

// spaceID is what Kibana takes as a space's id.
var spaceID = regexp.MustCompile(`^[a-z0-9_-]*$`)

func (s *setupKibana) run(cmd *cobra.Command) error {
	t, err := s.flags.target()
	if err != nil {
		return err
	}
	if s.mapping == "" {
		s.mapping = t.mapping
	}
	if s.space == "default" {
		// Kibana's own space has no prefix in addresses.
		s.space = ""
	}
	if !spaceID.MatchString(s.space) {
		return fmt.Errorf("space %q: want its id, of lower-case letters, digits, dashes and underscores", s.space)
	}
	objects, err := kibana.Objects(s.mapping, s.space)
	if err != nil {
		return err
	}
	switch {
	case s.print:
		return printObjects(cmd.OutOrStdout(), objects)
	case s.flags.endpoint != "":
		return s.apply(cmd, &t, objects)
	case s.dryRun:
		s.say(cmd, kibana.NewPlan(objects))
		return nil
	}
	return errors.New("which Kibana? give --endpoint https://kibana:5601")
}

func printObjects(out io.Writer, objects []*kibana.Object) error {
	file, err := kibana.NDJSON(objects)
	if err != nil {
		return err
	}
	_, err = out.Write(file)
	return err
}

func (s *setupKibana) apply(cmd *cobra.Command, t *target, objects []*kibana.Object) error {
	client, err := t.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	p, err := kibana.Look(cmd.Context(), client, s.space, objects)
	if err != nil {
		return err
	}
	if s.say(cmd, p); s.dryRun {
		return nil
	}
	replace, err := s.consent.give(cmd, p.NeedConsent())
	if err != nil {
		return err
	}
	written, err := p.Apply(cmd.Context(), replace)
	if err != nil {
		return err
	}
	for _, c := range written {
		fmt.Fprintf(cmd.OutOrStdout(), "written: %s %s\n", c.Object.Type, c.Object.Title())
	}
	return nil
}

// say tells what would be done.
func (s *setupKibana) say(cmd *cobra.Command, p *kibana.Plan) {
	for _, c := range p.Changes {
		sayState(cmd.OutOrStdout(), c.State, c.Object.Type, c.Object.Title(), c.Diff)
	}
}
