package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// deadLetterFlags choose among refused documents.
type deadLetterFlags struct {
	chosen  pipeline.DeadLetters
	journal journalFlags
	look    searchflags.Look
	parked  bool
}

func newDeadLetterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "deadletter",
		GroupID: groupSearch,
		Short:   "Documents that a backend refused: ls, show, replay",
		Long: `A document that a backend refuses for good, such as one whose field has the wrong
type there, is kept with the reason as a dead letter. One that is refused only
for now is parked and tried again; --parked shows those.`,
		Example: `  tailrace deadletter ls
  tailrace deadletter show -n shop -o json | jq .reason
  tailrace deadletter replay -n shop`,
	}
	cmd.AddCommand(newDeadLetterListCommand(), newDeadLetterShowCommand(), newDeadLetterReplayCommand())
	return cmd
}

func (f *deadLetterFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.parked, "parked", false, "the parked documents instead")
	f.look.Add(cmd.Flags())
	f.addChoice(cmd)
}

func (f *deadLetterFlags) addChoice(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.chosen.Exporter, "exporter", "", "only those that this exporter could not deliver")
	cmd.Flags().StringVarP(&f.chosen.Namespace, "namespace", "n", "", "only those of this namespace")
	cmd.Flags().StringVarP(&f.chosen.Container, "container", "c", "", "only those of this namespace/pod/container")
	f.journal.add(cmd)
}

// each calls fn for the documents that the flags choose, oldest first.
// Unreadable files are reported and passed.
func (f *deadLetterFlags) each(errOut io.Writer, fn func(*journal.Refused) error) error {
	dir, err := f.directory()
	if err != nil || dir == "" {
		return err
	}
	damage := damageReport{w: errOut}
	err = journal.NewStoreReader(vfs.OS{}, dir).Each(func(b journal.Bundle, docs []journal.Refused, err error) error {
		if err != nil {
			damage.add(fmt.Errorf("file %d of refused documents cannot be read: %w", b.Seq, err))
			return nil
		}
		for i := range docs {
			if !f.chosen.Wants(&docs[i]) {
				continue
			}
			if err := fn(&docs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, damage.error())
}

// directory is the store's; empty when nothing has been refused yet.
func (f *deadLetterFlags) directory() (string, error) {
	c, err := f.journal.settings()
	switch {
	case err != nil:
		return "", err
	case c.Type == config.InMemory && c.Directory == "":
		return "", errors.New("refused documents are not kept: the agent has no directory (service.journal.directory)")
	case c.Type != config.InMemory:
		if _, err := logsIn(c.Directory); err != nil {
			return "", err
		}
	}
	dir := filepath.Join(c.Directory, pipeline.DeadLetterDir)
	if f.parked {
		dir = filepath.Join(c.Directory, pipeline.ParkDir)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return dir, nil
}

// refusal is what the rows of ls are: one cause of one container's documents.
type refusal struct {
	Exporter  string `json:"exporter"`
	Container string `json:"container"`
	Status    int    `json:"status"`
	Type      string `json:"type"`
}

// refusals sums up the documents of a cause.
type refusals struct {
	refusal
	Docs   int       `json:"docs"`
	Lines  uint64    `json:"lines"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Reason string    `json:"last_reason"`
}

func newDeadLetterListCommand() *cobra.Command {
	var f deadLetterFlags
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "Sum up what was refused, by container and cause",
		Args:    cobra.NoArgs,
		Example: `  tailrace deadletter ls --parked`,
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		search.StepBack()
		causes := map[refusal]*refusals{}
		err := f.each(cmd.ErrOrStderr(), func(d *journal.Refused) error {
			addRefusal(causes, d)
			return nil
		})
		if err != nil {
			return err
		}
		return f.printRefusals(cmd.OutOrStdout(), causes)
	}
	return cmd
}

func addRefusal(causes map[refusal]*refusals, d *journal.Refused) {
	key := refusal{d.Exporter, d.Container, d.Status, d.Type}
	c, ok := causes[key]
	if !ok {
		c = &refusals{refusal: key, First: d.Time}
		causes[key] = c
	}
	c.Docs++
	c.Lines += uint64(d.Lines)
	c.Last, c.Reason = d.Time, d.Reason
}

func (f *deadLetterFlags) printRefusals(out io.Writer, causes map[refusal]*refusals) error {
	sorted := make([]*refusals, 0, len(causes))
	for _, c := range causes {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b *refusals) int {
		return cmp.Or(cmp.Compare(b.Docs, a.Docs), a.First.Compare(b.First), cmp.Compare(a.Container, b.Container))
	})
	if f.look.Output == string(search.JSON) {
		return printRefusalsJSON(out, sorted)
	}
	if len(sorted) == 0 {
		_, err := fmt.Fprintln(out, "nothing")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DOCUMENTS\tEXPORTER\tCONTAINER\tSTATUS\tFIRST\tLAST\tREASON")
	for _, c := range sorted {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\n", c.Docs, printable(c.Exporter), printable(c.Container), c.Status,
			searchflags.Clock(c.First.UnixNano(), f.look.UTC), searchflags.Clock(c.Last.UnixNano(), f.look.UTC), printable(cause(c.Type, c.Reason)))
	}
	return w.Flush()
}

func printRefusalsJSON(out io.Writer, sorted []*refusals) error {
	e := json.NewEncoder(out)
	for _, c := range sorted {
		if err := e.Encode(c); err != nil {
			return err
		}
	}
	return nil
}

// cause is the backend's reason behind its name for it.
func cause(kind, reason string) string {
	if kind == "" {
		return reason
	}
	return kind + ": " + reason
}

// printable is s without anything that a terminal obeys.
func printable(s string) string { return string(render.Escape(nil, []byte(s))) }

func newDeadLetterShowCommand() *cobra.Command {
	var f deadLetterFlags
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print refused documents with the reasons",
		Args:  cobra.NoArgs,
		Example: `  tailrace deadletter show -c shop/pay-0/pay
  tailrace deadletter show -o json | jq -c .document`,
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		search.StepBack()
		out := bufio.NewWriter(cmd.OutOrStdout())
		show, err := f.shower(out, cmd.OutOrStdout())
		if err != nil {
			return err
		}
		return errors.Join(f.each(cmd.ErrOrStderr(), show), out.Flush())
	}
	return cmd
}

// shower prints one document to w in the format that the flags ask for.
func (f *deadLetterFlags) shower(w *bufio.Writer, out io.Writer) (func(*journal.Refused) error, error) {
	look, err := f.look.On(out)
	if err != nil {
		return nil, err
	}
	switch f.look.Output {
	case string(search.JSON):
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return func(d *journal.Refused) error { return e.Encode(d) }, nil
	case string(search.Raw):
		return func(d *journal.Refused) error {
			w.Write(d.Document)
			return w.WriteByte('\n')
		}, nil
	case string(search.Text):
		return func(d *journal.Refused) error {
			fmt.Fprintf(w, "%s %s refused with %d: %s\n", searchflags.Clock(d.Time.UnixNano(), f.look.UTC), printable(d.Exporter), d.Status, printable(cause(d.Type, d.Reason)))
			_, err := fmt.Fprintf(w, "    %s\n", render.Doc(nil, d.Document, look.Options))
			return err
		}, nil
	}
	return nil, fmt.Errorf("output format %q: want text, json or raw (the document)", f.look.Output)
}
