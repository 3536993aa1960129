package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/doctor"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/terminal"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

func newDoctorCommand(kinds config.Kinds) *cobra.Command {
	var output string
	var e examination
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: groupAgent,
		Short:   "Check this node: what is wrong for the agent, and what cures it",
		Long: `Doctor looks at the node as an agent with this configuration finds it: whether
the configuration loads, the log files can be read, the journal's disk has room
and is fast, the kernel's limits suffice, the clock is right, and a running agent
is well. It looks at the logs twice, and says for how long each buffer holds what
is written: what the kubelet keeps of a container's log before it is deleted, and
the journal. It asks the exporters' servers and the Kubernetes API with the
agent's credentials, unless --offline is given. It works beside a running agent
and without one. Run it as the agent's user: it is about what that user may do.

The status is 0 when nothing is wrong, and 1 otherwise; warnings do not count.`,
		Args: cobra.NoArgs,
		Example: `  tailrace doctor --config config.yaml
  kubectl exec ds/tailrace -- tailrace doctor --config /etc/tailrace/tailrace.yaml
  tailrace doctor elasticsearch --config config.yaml   the cluster instead
  tailrace doctor -o json | jq '.findings[] | select(.state != "ok")'`,
	}
	uris := configFlag(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().DurationVar(&e.measure, "measure", 2*time.Second, "for how long to watch the logs grow; 0 for not at all")
	cmd.Flags().BoolVar(&e.offline, "offline", false, "ask no server but the running agent")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return reportDiagnosis(cmd.OutOrStdout(), doctor.NewReport(e.examine(cmd.Context(), *uris, kinds)), output)
	}
	cmd.AddCommand(newDoctorElasticsearchCommand())
	return cmd
}

// reportDiagnosis prints a report and ends with its status.
func reportDiagnosis(out io.Writer, r *doctor.Report, output string) error {
	if err := printDiagnosis(out, r, output); err != nil {
		return err
	}
	if !r.Healthy {
		return errNone
	}
	return nil
}

func printDiagnosis(out io.Writer, r *doctor.Report, output string) error {
	switch output {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "text":
		return r.Print(out, terminal.WantsColor(out))
	}
	return fmt.Errorf("output format %q: want text or json", output)
}

// examine does all checks. Without a configuration there is nothing to check
// the node against.
func (e *examination) examine(ctx context.Context, uris []string, kinds config.Kinds) []doctor.Finding {
	cfg, err := checkedConfig(uris, kinds)
	if err != nil {
		return []doctor.Finding{doctor.Failed("configuration", err, "tailrace validate names every mistake and its line")}
	}
	e.cfg = cfg
	all := []doctor.Finding{{Check: "configuration", State: doctor.OK, Says: "it is valid"}}
	all = append(all, e.logs(ctx)...)
	all = append(all, e.journal()...)
	all = append(all, e.agent(ctx))
	if e.pid != 0 {
		e.unread(ctx)
	}
	all = append(all, e.load(ctx)...)
	all = append(all,
		doctor.Descriptors(e.pid, e.files),
		doctor.Watches(doctor.Inotify, len(e.directories), e.polled(ctx), doctor.InotifyUses("/proc", os.Getuid(), e.pid)),
		doctor.Clock(time.Now()))
	if !e.offline {
		all = append(all, e.reach(ctx)...)
	}
	return all
}

// examination is what the checks find out for each other.
type examination struct {
	cfg     *config.Config
	measure time.Duration
	offline bool
	// root is where the kubelet's files are looked for, empty for the node's own.
	root string

	files       int
	directories map[string]bool
	// live are the logs that may be written to, behind what of them a running
	// agent has not read, by path.
	live   []log
	behind map[string]int64
	pid    int
}

// logs looks for what the receivers read, and tries to open it.
func (e *examination) logs(ctx context.Context) []doctor.Finding {
	e.directories = map[string]bool{}
	var refused, unreadable []string
	err := pipeline.Discover(ctx, e.cfg, func(t tail.Target) {
		switch {
		case t.Excluded != "":
		case t.Refused != "":
			refused = append(refused, t.Path()+": "+t.Refused)
		default:
			e.files++
			e.watch(&t)
			e.note(&t)
			if err := tryReading(t.Path()); err != nil {
				unreadable = append(unreadable, err.Error())
			}
		}
	})
	if err != nil {
		return []doctor.Finding{doctor.Failed("log files", err, "let the agent's user list the directory, or correct the receiver's paths")}
	}
	all := []doctor.Finding{e.found()}
	all = append(all, some(unreadable, doctor.Wrong, "cannot be read", "let the agent's user read them: root, or the group that owns them")...)
	return append(all, some(refused, doctor.Warning, "are not read", "see tailrace status; links are followed into allowed_roots only")...)
}

// watch counts the directories on the way to a file.
func (e *examination) watch(t *tail.Target) {
	for dir := path.Dir(t.Path()); !e.directories[dir] && strings.HasPrefix(dir, t.Root); dir = path.Dir(dir) {
		e.directories[dir] = true
	}
}

func (e *examination) found() doctor.Finding {
	f := doctor.Finding{Check: "log files", State: doctor.OK, Says: fmt.Sprintf("%d in %d directories", e.files, len(e.directories))}
	if e.files == 0 {
		f.State, f.Cure = doctor.Warning, "check the receivers' paths, and that they are mounted"
	}
	return f
}

// some is a finding about files, with one of them as an example.
func some(files []string, state doctor.State, what, cure string) []doctor.Finding {
	if len(files) == 0 {
		return nil
	}
	return []doctor.Finding{{Check: "log files", State: state, Says: fmt.Sprintf("%d %s, such as %s", len(files), what, files[0]), Cure: cure}}
}

// tryReading does not wait for a FIFO's writer; a file may have gone since it
// was found.
func tryReading(name string) error {
	st, err := os.Lstat(name)
	if err == nil && st.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(name); err == nil {
			return f.Close()
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// journal checks the disk, or says what a journal in memory promises.
func (e *examination) journal() []doctor.Finding {
	j := &e.cfg.Service.Journal
	if promise := j.Promise(); promise != "" {
		return []doctor.Finding{{Check: "journal", State: doctor.OK, Says: promise}}
	}
	return append(e.disk().Check(), e.owner())
}

// disk is what the journal needs of its directory.
func (e *examination) disk() doctor.Disk {
	j := &e.cfg.Service.Journal
	return doctor.Disk{Directory: j.Directory, MaxSize: int64(j.MaxSize), MinFree: float64(j.MinFree), Used: bytesBelow(j.Directory)}
}

// owner looks at the state directory as the agent will at its next start.
func (e *examination) owner() doctor.Finding {
	now, node := time.Now(), pipeline.NodeName(e.cfg)
	found, err := owner.Look(vfs.ReadOnly(vfs.OS{}), e.cfg.Service.Journal.Directory, node, now)
	if err != nil {
		return doctor.Failed("state", err, "run doctor as the agent's user")
	}
	o := pipeline.OwnerOf(&found.Record, now)
	return doctor.Owner(node, o.Before, o.Copied)
}

// bytesBelow is how large the files below a directory are.
func bytesBelow(dir string) (total int64) {
	// What cannot be looked at does not count.
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if st, err := d.Info(); err == nil {
			total += st.Size()
		}
		return nil
	})
	return total
}

func (e *examination) agent(ctx context.Context) doctor.Finding {
	dir := e.cfg.Service.Journal.Directory
	if dir == "" {
		return doctor.Finding{Check: "agent", State: doctor.OK, Says: "without a directory no lock tells whether one runs: tailrace health"}
	}
	pid, err := doctor.Holder(filepath.Join(dir, pipeline.LockFile))
	if err != nil {
		return doctor.Failed("agent", err, "run doctor as the agent's user")
	}
	e.pid = pid
	answer, err := "", errors.New("service.telemetry.metrics.address is empty")
	if address := e.cfg.Service.Telemetry.Metrics.Address; address != "" {
		answer, err = askHealth(ctx, "http://"+telemetry.Dialable(address)+telemetry.PathHealth)
	}
	return doctor.Agent(pid, answer, err)
}

// polled is how many directories the running agent has no watch for.
func (e *examination) polled(ctx context.Context) int {
	address := e.cfg.Service.Telemetry.Metrics.Address
	if e.pid == 0 || address == "" {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+telemetry.Dialable(address)+telemetry.PathMetrics, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	_, rest, _ := strings.Cut(string(text), "\n"+pipeline.PolledDirectories+" ")
	value, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseFloat(value, 64)
	return int(n)
}
