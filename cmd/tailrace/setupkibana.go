package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/kibana"
	"github.com/tailrace/tailrace/internal/render"
)

// setupKibana is one run of setup kibana.
type setupKibana struct {
	flags          clusterFlags
	mapping, space string

	dryRun, print, force bool
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

It can be repeated: an object that is there is kept, since somebody may have
changed it, unless --force replaces all. With --print the objects are a file for
Kibana's own import (Stack Management, Saved Objects).`,
		Args: cobra.NoArgs,
		Example: `  tailrace setup kibana --config config.yaml --endpoint https://kibana:5601 --user elastic --password-file pw
  tailrace setup kibana --print --mapping ecs > tailrace.ndjson`,
	}
	s.flags.add(cmd, "address of Kibana, such as https://kibana:5601")
	flags := cmd.Flags()
	flags.StringVar(&s.mapping, "mapping", "", "otel or ecs, instead of the pipeline's")
	flags.StringVar(&s.space, "space", "", "the space of Kibana, by its id, instead of the default one")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only name the objects; asks nobody")
	flags.BoolVar(&s.print, "print", false, "print the objects as NDJSON; asks nobody")
	flags.BoolVar(&s.force, "force", false, "replace objects that are there")
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
	if !spaceID.MatchString(s.space) {
		return fmt.Errorf("space %q: want its id, of lower-case letters, digits, dashes and underscores", s.space)
	}
	objects, err := kibana.Objects(s.mapping)
	if err != nil {
		return err
	}
	switch {
	case s.print:
		file, err := kibana.NDJSON(objects)
		if err == nil {
			_, err = cmd.OutOrStdout().Write(file)
		}
		return err
	case s.dryRun:
		for _, o := range objects {
			fmt.Fprintf(cmd.OutOrStdout(), "%-13s  %s\n", o.Type, o.Title())
		}
		return nil
	case s.flags.endpoint == "":
		return errors.New("which Kibana? give --endpoint https://kibana:5601")
	}
	return s.write(cmd, &t, objects)
}

func (s *setupKibana) write(cmd *cobra.Command, t *target, objects []*kibana.Object) error {
	client, err := t.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	done, err := kibana.Import(cmd.Context(), client, s.space, objects, s.force)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%d objects written\n", done.Written)
	for _, name := range done.Kept {
		fmt.Fprintf(out, "kept, since it is there: %s\n", render.Escape(nil, []byte(name)))
	}
	if len(done.Kept) > 0 {
		fmt.Fprintln(out, "--force replaces them by those of this version")
	}
	return nil
}
