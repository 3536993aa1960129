// Package hazards lets one thing at a time go wrong around the real agent, and
// judges what became of every line. Each hazard has a file of its own.
package hazards

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// node is what one life of an agent needs, with a sink that plays
// Elasticsearch. The zero override reads all that the generator writes.
type node struct {
	*testkit.Rig
	sink    *testkit.Sink
	configs []string
	// binary is the agent's, the usual one when it is empty.
	binary string
	// env is added to the agent's environment.
	env  []string
	runs int
	// latest is the run that was started last.
	latest *testkit.Process
}

// newNode makes a node whose sink follows a script of behaviours.
func newNode(t *testing.T, script string) *node {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the real agent; make test runs it")
	}
	testkit.Agent(t) // It is built before anything runs.
	n := &node{Rig: testkit.NewRig(t)}
	n.sink = n.StartSink("sink", script)
	n.configs = []string{n.Configure(fmt.Sprintf(`
receivers:
  pods: {root: %s}
  files/plain: {include: [%s]}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}}
`, n.Path("pods"), n.Path("plain", "*.log*"), n.sink.URL),
		"    logs: {receivers: [pods, files/plain], exporters: [elasticsearch]}\n")}
	return n
}

// override adds a configuration that is merged over those before it.
func (n *node) override(yaml string) {
	n.TB.Helper()
	name := n.Path(fmt.Sprintf("override-%d.yaml", len(n.configs)))
	if err := os.WriteFile(name, []byte(yaml), 0o644); err != nil {
		n.TB.Fatal(err)
	}
	n.configs = append(n.configs, name)
}

// command is the agent's command line, its binary first.
func (n *node) command(args ...string) []string {
	n.TB.Helper()
	line := append([]string{cmp.Or(n.binary, testkit.Agent(n.TB)), "run"}, args...)
	for _, c := range n.configs {
		line = append(line, "--config", c)
	}
	return line
}

// start runs the agent.
func (n *node) start(args ...string) *testkit.Process { return n.under(nil, args...) }

// under runs the agent by another program, such as strace or unshare. The
// agent dies with that program, whatever happens to it.
func (n *node) under(wrapper []string, args ...string) *testkit.Process {
	n.TB.Helper()
	n.runs++
	line := n.command(args...)
	if len(wrapper) > 0 {
		line = append(append(wrapper[:len(wrapper):len(wrapper)], n.tool("setpriv"), "--pdeathsig", "KILL"), line...)
	}
	n.latest = testkit.Start(n.TB, testkit.Command{
		Name: fmt.Sprintf("agent-%03d", n.runs), Path: line[0], Args: line[1:], Dir: n.Dir, Env: n.env, Logs: n.Path("out"),
	})
	return n.latest
}

// tool is where a program is that the test cannot do without.
func (n *node) tool(name string) string {
	n.TB.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		n.TB.Fatalf("%s is not installed; run scripts/install-test-deps.sh", name)
	}
	return path
}

// said counts the lines of a run's log that contain text.
func (n *node) said(agent *testkit.Process, text string) (lines int) {
	n.TB.Helper()
	log, err := os.ReadFile(agent.Stderr)
	if err != nil {
		n.TB.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, text) {
			lines++
		}
	}
	return lines
}

// saying waits until a run's log contains text.
func (n *node) saying(agent *testkit.Process, text string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, fmt.Sprintf("the agent says %q", text), func() (bool, string) {
		return n.said(agent, text) > 0, agent.Tail()
	})
}

// health is the agent's answer to a liveness probe: 0 when there is none.
func (n *node) health() (status int, text string) {
	resp, err := http.Get("http://" + n.Metrics + "/healthz")
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// status is what `tailrace status` prints as JSON. A running agent that is slow
// to answer is asked again: status does not wait for long.
func (n *node) status(args ...string) (out string) {
	n.TB.Helper()
	line := []string{"status", "-o", "json"}
	for _, c := range n.configs {
		line = append(line, "--config", c)
	}
	testkit.Eventually(n.TB, "the agent answers", func() (bool, string) {
		var code int
		out, code = testkit.Output(n.TB, testkit.Agent(n.TB), append(line, args...)...)
		if code != 0 {
			n.TB.Fatalf("status ended with %d\n%s", code, out)
		}
		live := strings.Contains(out, `"live": true`)
		return live || len(args) > 0 || n.latest == nil || !n.latest.Running(), out
	})
	return out
}

// figure waits until the sum of a metric of the running agent is as wanted.
func (n *node) figure(what string, wanted func(value int) bool, name string, labels ...string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, what, func() (bool, string) {
		if n.latest != nil && !n.latest.Running() {
			n.TB.Fatalf("%s: the agent has ended\n%s", what, n.latest.Tail())
		}
		f, err := n.Figures()
		if err != nil {
			return false, err.Error()
		}
		value := f.Sum(name, labels...)
		return wanted(value), fmt.Sprintf("%s is %d", name, value)
	})
}

// arrived waits until the sink has so many documents.
func (n *node) arrived(documents int) {
	n.TB.Helper()
	testkit.Grows(n.TB, "lines arrive", documents, func() (int, string) { return n.sink.Stats().Stored, "" })
}

// journaled counts the documents that are whole in the journal.
func (n *node) journaled() int {
	n.TB.Helper()
	scan := oracle.NewJournalScan(n.Segments())
	if err := scan.More(); err != nil {
		n.TB.Fatalf("the journal: %v", err)
	}
	return len(scan.Docs)
}

// settle ends the faults and the load and judges what the running agent makes
// of it.
func (n *node) settle(generator, agent *testkit.Process) *oracle.Verdict {
	n.TB.Helper()
	generator.Stop()
	n.sink.Behave("ok")
	return n.judged(agent)
}

// judged lets the running agent deliver everything, and judges: each line is
// once in the journal and once in the sink, and the agent's own figures say so.
func (n *node) judged(agent *testkit.Process) *oracle.Verdict {
	n.TB.Helper()
	account := n.Account()
	n.Drained(n.sink, agent, len(account.Entries))
	v := n.Judge(n.sink)
	if len(v.Violations) > 0 {
		n.TB.Error(v)
		return v
	}
	lines := account.Totals("").Lines
	n.figure("every line was read once", exactly(lines), "tailrace_receiver_accepted_log_records_total")
	n.figure("every line was sent once", exactly(lines), "tailrace_exporter_sent_log_records_total")
	agent.Stop()
	return v
}

func exactly(want int) func(int) bool { return func(got int) bool { return got == want } }

func atLeast(want int) func(int) bool { return func(got int) bool { return got >= want } }

// tortured says whether the long forms of the tests were asked for, as make
// torture does.
func tortured() bool { return os.Getenv("TAILRACE_TORTURE") != "" }

// seed is a test's own, or the one of TAILRACE_SEED.
func seed(own uint64) string {
	if s, err := strconv.ParseUint(os.Getenv("TAILRACE_SEED"), 10, 64); err == nil && s != 0 {
		own = s
	}
	return strconv.FormatUint(own, 10)
}

// terminate asks a process to end, as the kubelet does first.
func terminate(tb testing.TB, p *testkit.Process) {
	tb.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		tb.Fatal(err)
	}
}
