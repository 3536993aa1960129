package testkit

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/test/oracle"
)

// Rig is a folder with everything that one life of an agent needs: logs that
// a generator writes, a ledger, a journal, and the outputs of all processes.
type Rig struct {
	TB      testing.TB
	Dir     string
	Metrics string
	agents  int
}

// NewRig makes an empty one. The folder stays when the test fails and
// TAILRACE_KEEP is set.
func NewRig(tb testing.TB) *Rig {
	tb.Helper()
	dir := tb.TempDir()
	if os.Getenv("TAILRACE_KEEP") != "" {
		var err error
		if dir, err = os.MkdirTemp("", "tailrace-rig-"); err != nil {
			tb.Fatal(err)
		}
		tb.Logf("kept in %s", dir)
	}
	for _, sub := range []string{"pods", "plain", "out"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	r := &Rig{TB: tb, Dir: dir, Metrics: FreeAddress(tb)}
	tb.Cleanup(r.checkAgents)
	return r
}

// checkAgents fails the test when an agent has panicked, or when the race
// detector it was built with has found something.
func (r *Rig) checkAgents() {
	logs, err := filepath.Glob(r.Path("out", "*.stderr"))
	if err != nil {
		r.TB.Error(err)
	}
	for _, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			r.TB.Error(err)
		}
		for _, mark := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: "} {
			if at := strings.Index(string(text), mark); at >= 0 {
				r.TB.Errorf("%s:\n%.6000s", filepath.Base(name), text[at:])
			}
		}
	}
}

// Path is a name within the rig.
func (r *Rig) Path(parts ...string) string {
	return filepath.Join(append([]string{r.Dir}, parts...)...)
}

// FreeAddress is a local address that nothing listens on, and that stays free
// between two programs of the test: nobody else has its host, and connections
// that are made meanwhile come from ports of 127.0.0.1.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	return FreeAddressOf(tb, Loopback())
}

// FreeAddressOf is a local address of a host that nothing listens on.
func FreeAddressOf(tb testing.TB, host string) string {
	tb.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Loopback is a host that is this machine (all of 127.0.0.0/8 is, RFC 1122
// section 3.2.1.3), different from those of other tests.
func Loopback() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// Start runs a program with its output in the rig.
func (r *Rig) Start(name, path string, args ...string) *Process {
	r.TB.Helper()
	return Start(r.TB, Command{Name: name, Path: path, Args: args, Dir: r.Dir, Logs: r.Path("out")})
}

// Configure writes the agent's configuration: its receivers, processors,
// exporters and pipelines as given, and the service's folders and addresses.
func (r *Rig) Configure(components, pipelines string) string {
	r.TB.Helper()
	service := fmt.Sprintf(`
service:
  node: rig
  journal: {directory: %s, max_size: 4GiB, min_free: 0%%, flush: {interval: 100ms}}
  telemetry: {metrics: {address: %q}}
  pipelines:
%s`, r.Path("state"), r.Metrics, pipelines)
	name := r.Path("config.yaml")
	if err := os.WriteFile(name, []byte(strings.TrimSpace(components)+"\n"+service), 0o644); err != nil {
		r.TB.Fatal(err)
	}
	return name
}

// StartAgent runs the agent. Each start has a number of its own in the names
// of its output files.
func (r *Rig) StartAgent(config string) *Process {
	r.TB.Helper()
	r.agents++
	return r.Start(fmt.Sprintf("agent-%03d", r.agents), Agent(r.TB), "run", "--config", config)
}

// Segments is the folder of the journal's segments.
func (r *Rig) Segments() string { return r.Path("state", "logs") }

// Generate starts a generator that writes to the rig until it is stopped.
func (r *Rig) Generate(args ...string) *Process {
	r.TB.Helper()
	all := append([]string{"generate", "-pods", r.Path("pods"), "-plain", r.Path("plain"), "-ledger", r.Path("ledger")}, args...)
	p := r.Start("generator", Oracle(r.TB), all...)
	Eventually(r.TB, "the generator writes", func() (bool, string) {
		n, err := oracle.WrittenSoFar(r.Path("ledger"))
		if !p.Running() {
			r.TB.Fatal(p.Tail())
		}
		return err == nil && n > 0, ""
	})
	return p
}

// Sink is a running sink of the oracle's.
type Sink struct {
	*Process
	URL    string
	Record string
	tb     testing.TB
}

// StartSink runs a sink with a script of behaviours.
func (r *Rig) StartSink(name, script string) *Sink {
	r.TB.Helper()
	s := &Sink{Record: r.Path(name + ".record"), tb: r.TB}
	s.Process = r.Start(name, Oracle(r.TB), "sink", "-record", s.Record, "-script", script)
	s.URL = s.FirstLine()
	return s
}

// Behave begins another script.
func (s *Sink) Behave(script string) {
	s.tb.Helper()
	resp, err := http.Post(s.URL+"/_oracle/script", "text/plain", strings.NewReader(script))
	if err != nil {
		s.tb.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.tb.Fatalf("script %q: %s", script, resp.Status)
	}
}

// Stats are what the sink has seen.
func (s *Sink) Stats() oracle.Stats {
	s.tb.Helper()
	resp, err := http.Get(s.URL + "/_oracle/stats")
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	var stats oracle.Stats
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		s.tb.Fatal(err)
	}
	return stats
}

// Account is the ledger of the rig's generator.
func (r *Rig) Account() *oracle.Account {
	r.TB.Helper()
	a, err := oracle.ReadLedger(r.Path("ledger"))
	if err != nil {
		r.TB.Fatal(err)
	}
	return a
}

// Judge judges a sink's record and the rig's journal by the ledger.
func (r *Rig) Judge(s *Sink) *oracle.Verdict {
	r.TB.Helper()
	v, err := oracle.JudgeFiles(r.Path("ledger"), s.Record, r.Segments())
	if err != nil {
		r.TB.Fatal(err)
	}
	return v
}

// Drained waits until a sink has taken a number of documents, stored or
// refused, while the agent runs. That may take long, as long as it goes on.
func (r *Rig) Drained(s *Sink, agent *Process, documents int) {
	r.TB.Helper()
	Grows(r.TB, "everything is delivered", documents, func() (int, string) {
		if !agent.Running() {
			r.TB.Fatalf("the agent has ended\n%s", agent.Tail())
		}
		st := s.Stats()
		return st.Stored + st.Refused, agent.Tail()
	})
}
