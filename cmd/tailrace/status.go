package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/config"
)

// statusCommand is one run of status.
type statusCommand struct {
	journal journalFlags
	scope   search.Scope
	address string
	offline bool
	output  string
	utc     bool
}

func newStatusCommand() *cobra.Command {
	var s statusCommand
	cmd := &cobra.Command{
		Use:     "status",
		GroupID: groupSearch,
		Short:   "Show what is read, how far, and how far it was delivered: why is my line not there?",
		Long: `Status shows, for every file, how far it is read, what is being done with it, and
which rule excludes it; and for every exporter how far it is and what holds it.

It asks the running agent. Without one, or with --offline, it shows what is
durable on disk: positions, sizes, cursors; formats and what holds an exporter
are then not known.`,
		Args: cobra.NoArgs,
		Example: `  tailrace status
  tailrace status --pod cart              everything about the files of a workload
  tailrace status -o json | jq '.exporters[] | select(.pending_frames > 0)'`,
	}
	f := cmd.Flags()
	f.StringVarP(&s.scope.Namespace, "namespace", "n", "", "only files of this namespace")
	f.StringVar(&s.scope.Pod, "pod", "", "only files of this pod, or of the pods of the workload of this name")
	f.StringVarP(&s.scope.Container, "container", "c", "", "only files of this container")
	f.StringVar(&s.address, "address", "", "host:port of the agent's metrics (default: as configured)")
	f.BoolVar(&s.offline, "offline", false, "do not ask a running agent")
	f.StringVarP(&s.output, "output", "o", "text", "text or json")
	f.BoolVar(&s.utc, "utc", false, "show times in UTC")
	s.journal.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		search.StepBack()
		return s.run(cmd)
	}
	return cmd
}

func (s *statusCommand) run(cmd *cobra.Command) error {
	if err := s.scope.Check(); err != nil {
		return err
	}
	cfg, err := loadConfig(*s.journal.config)
	if err != nil {
		return err
	}
	if dir := s.journal.directory; dir != "" {
		cfg.Service.Journal.Directory, cfg.Service.Journal.Type = dir, typeIn(dir)
	}
	report, err := s.report(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if s.narrow() {
		report.Keep(s.wanted)
	}
	return s.print(cmd.OutOrStdout(), report)
}

// report is the running agent's, or else what is on disk.
func (s *statusCommand) report(ctx context.Context, cfg *config.Config) (*status.Report, error) {
	why := "not asked"
	if !s.offline {
		r, err := s.ask(ctx, cfg)
		if err == nil {
			return r, nil
		}
		why = err.Error()
	}
	disk := diskStatus{cfg: cfg, discover: s.journal.directory == "" || len(*s.journal.config) > 0}
	r, err := disk.report(ctx)
	if err != nil {
		return nil, err
	}
	r.Why = why
	return r, nil
}

// ask is the report of the agent that works on the journal.
func (s *statusCommand) ask(ctx context.Context, cfg *config.Config) (*status.Report, error) {
	address := s.address
	if address == "" {
		address = cfg.Service.Telemetry.Metrics.Address
	}
	if address == "" {
		return nil, fmt.Errorf("not asked: service.telemetry.metrics.address is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+telemetry.Dialable(address)+status.Path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("none answers at %s", address)
	}
	defer resp.Body.Close()
	return readReport(resp, cfg.Service.Journal.Directory)
}

// maxReport bounds what is read of an answer: some hundred bytes for each of
// the 100,000 files that an agent may know.
const maxReport = 64 << 20

func readReport(resp *http.Response, directory string) (*status.Report, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", resp.Request.URL, resp.Status)
	}
	var r status.Report
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxReport)).Decode(&r); err != nil {
		return nil, fmt.Errorf("%s does not answer with a status: %w", resp.Request.URL, err)
	}
	if !sameDirectory(r.Journal.Directory, directory) {
		return nil, fmt.Errorf("the one at %s works on another journal, %s", resp.Request.URL.Host, r.Journal.Directory)
	}
	return &r, nil
}

// sameDirectory compares names as they are resolved: one may be relative.
func sameDirectory(a, b string) bool {
	for _, dir := range []*string{&a, &b} {
		if real, err := filepath.EvalSymlinks(*dir); err == nil {
			*dir = real
		}
		if abs, err := filepath.Abs(*dir); err == nil {
			*dir = abs
		}
	}
	return a == b
}

// narrow says that some files only are asked for.
func (s *statusCommand) narrow() bool {
	return s.scope.Namespace != "" || s.scope.Pod != "" || s.scope.Container != ""
}

func (s *statusCommand) wanted(f *status.File) bool {
	if f.Pod == "" {
		// A file that is not read has no identity yet, but a name.
		f.Namespace, f.Pod, f.Container, _ = search.ContainerOf(lastParts(f.Path, 3))
	}
	return s.scope.IncludesContainer(f.Namespace, f.Pod, f.Container)
}

// lastParts are the last n parts of a path.
func lastParts(path string, n int) string {
	parts := strings.Split(path, "/")
	return strings.Join(parts[max(0, len(parts)-n):], "/")
}

func (s *statusCommand) print(out io.Writer, r *status.Report) error {
	switch s.output {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "text":
		return r.Print(out, status.Look{UTC: s.utc, Detail: s.narrow()})
	}
	return fmt.Errorf("output format %q: want text or json", s.output)
}
