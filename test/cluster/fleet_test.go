// Package cluster runs kubectl tailrace against a real API server, whose nodes
// have kubelets that run the real agent's commands over journals of their own.
package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/journals"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/internal/testkit/kubelet"
)

// agentsNamespace is where the agents are, user who asks, and responder another
// one.
const (
	agentsNamespace = "observability"
	user            = "oncall"
	responder       = "responder"
)

// node is one with an agent.
type node struct {
	*kubelet.Kubelet
	pod  string
	root string

	mu   sync.Mutex
	runs [][]string
	// said is what programs have written.
	said bytes.Buffer
	// running are the programs that have not ended.
	running map[*exec.Cmd]bool
}

// fleet are agents of one release on the nodes of a cluster that are theirs.
type fleet struct {
	testing.TB
	*kube.Cluster
	agent, plugin string
	config        string
	release       string
	nodes         []*node
}

// newFleet makes a cluster, in which user has the rights that are documented.
func newFleet(t testing.TB) *fleet {
	t.Helper()
	f := &fleet{TB: t, Cluster: kube.Start(t, user, responder), agent: testkit.LeanAgent(t), plugin: testkit.Plugin(t)}
	f.config = f.Kubeconfig(user)
	f.Namespace(agentsNamespace, nil)
	f.Namespace("shop", nil)
	f.Allow(user, everyRight(t)...)
	return f
}

// of is a release that sees nothing of the others in the cluster.
func (f *fleet) of(t *testing.T, release string) *fleet {
	one := *f
	one.TB, one.release = t, release
	return &one
}

func (f *fleet) labels() kube.JSON { return kube.JSON{"release": f.release} }

// TestKubectlTailrace has a cluster to which parts of the test add nodes of
// their own.
func TestKubectlTailrace(t *testing.T) {
	f := newFleet(t)
	for _, part := range []struct {
		release, promise string
		test             func(*testing.T, *fleet)
	}{
		{"well", "searches all nodes", searchesAllNodes},
		{"ill", "names nodes that do not answer", namesNodesThatDoNotAnswer},
		{"tty", "suits terminals", suitsTerminals},
		{"busy", "gives way on the nodes", givesWay},
		{"end", "ends searches with the one who asked", endsSearchesWithTheOneWhoAsked},
		{"chart", "takes the chart's roles", takesTheChartsRoles},
		{"rights", "needs the rights that are documented", needsTheRightsThatAreDocumented},
	} {
		t.Run(part.promise, func(t *testing.T) { part.test(t, f.of(t, part.release)) })
	}
}

// add makes a node with an agent over documents.
func (f *fleet) add(name string, documents string) *node {
	f.Helper()
	n := &node{root: filepath.Join(f.TempDir(), "state"), pod: "tailrace-" + name, running: map[*exec.Cmd]bool{}}
	if err := journals.Write(n.root, []byte(documents)); err != nil {
		f.Fatal(err)
	}
	config := filepath.Join(filepath.Dir(n.root), "tailrace.yaml")
	text := fmt.Sprintf("receivers: {pods: {root: %s}}\nservice: {journal: {directory: %s}, telemetry: {metrics: {address: %q}}, pipelines: {logs: {receivers: [pods], exporters: []}}}\n",
		f.TempDir(), n.root, testkit.FreeAddress(f.TB))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	n.Kubelet = kubelet.Start(f, f.Cluster, name, f.labels(), n.exec(f.agent))
	f.Must("POST", "/api/v1/namespaces/"+agentsNamespace+"/pods", kube.JSON{
		"metadata": kube.JSON{"name": n.pod, "labels": kube.JSON{"app.kubernetes.io/name": "tailrace", "app.kubernetes.io/instance": f.release}},
		"spec": kube.JSON{
			"nodeName": name, "nodeSelector": f.labels(),
			"containers": []any{kube.JSON{"name": "tailrace", "image": "tailrace", "command": []any{"tailrace"}, "args": []any{"run", "--config", config}}},
		},
	})
	f.phase(n.pod, "Running")
	f.nodes = append(f.nodes, n)
	return n
}

func (f *fleet) phase(pod, phase string) {
	f.Helper()
	f.Must("PATCH", "/api/v1/namespaces/"+agentsNamespace+"/pods/"+pod+"/status", kube.JSON{"status": kube.JSON{"phase": phase}})
}

// exec runs programs as a container runtime does: it does not end them when
// nobody reads them any more, but then their standard input ends.
// Programs have no capabilities, as in the chart's pods, where that can be had.
func (n *node) exec(agent string) func(*kubelet.Exec) int {
	line := []string{agent}
	if setpriv, err := exec.LookPath("setpriv"); err == nil && os.Getuid() == 0 {
		line = []string{setpriv, "--bounding-set", "-all", "--no-new-privs", agent}
	}
	return func(e *kubelet.Exec) int {
		all := slices.Concat(line, e.Command[1:])
		return n.start(exec.Command(all[0], all[1:]...), e)
	}
}

// Write keeps what programs say.
func (n *node) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.Write(p)
}

// heard says whether a program has written text.
func (n *node) heard(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return bytes.Contains(n.said.Bytes(), []byte(text))
}

func (n *node) start(cmd *exec.Cmd, e *kubelet.Exec) int {
	cmd.Stdout, cmd.Stderr = io.MultiWriter(n, e.Stdout), e.Stderr
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(e.Stderr, err)
		return 126
	}
	n.mu.Lock()
	n.runs = append(n.runs, cmd.Args[1:])
	n.running[cmd] = true
	n.mu.Unlock()
	go func() {
		_, _ = io.Copy(in, e.Stdin)
		in.Close()
	}()
	err = cmd.Wait()
	n.mu.Lock()
	delete(n.running, cmd)
	n.mu.Unlock()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// asked is how many programs were run since the last time.
func (n *node) asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	runs := len(n.runs)
	n.runs = nil
	return runs
}

// lastRun is the command line of the last program.
func (n *node) lastRun() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.runs) == 0 {
		return ""
	}
	return strings.Join(n.runs[len(n.runs)-1], " ")
}

// busy are the programs that run.
func (n *node) busy() (pids []int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for cmd := range n.running {
		pids = append(pids, cmd.Process.Pid)
	}
	return pids
}

// answer is what a command line has come to.
type answer struct {
	status   int
	out, err string
}

func (a answer) String() string {
	return fmt.Sprintf("status %d\n-- stdout:\n%s-- stderr:\n%s", a.status, a.out, a.err)
}

// line is a command line for the agents of the release.
func (f *fleet) line(args ...string) []string {
	return append(args, "--kubeconfig", f.config, "--agent-selector", "app.kubernetes.io/name=tailrace,app.kubernetes.io/instance="+f.release)
}

// ask runs kubectl tailrace.
func (f *fleet) ask(args ...string) answer {
	f.Helper()
	cmd := exec.Command(f.plugin, f.line(args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		f.Fatal(err)
	}
	a := answer{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
	if strings.Contains(a.err, "DATA RACE") {
		f.Errorf("%v: %v", args, a)
	}
	return a
}

// epoch is when the first line was written.
var epoch = time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)

// entry is a line of a log.
type entry struct {
	after   time.Duration // the epoch
	pod     string
	text    string
	trace   string
	request string
}

// documents are those of lines, in one frame.
func documents(entries ...entry) string {
	var b strings.Builder
	for _, e := range entries {
		trace, request := "", ""
		if e.trace != "" {
			trace = fmt.Sprintf(`"trace_id":%q,`, e.trace)
		}
		if e.request != "" {
			request = fmt.Sprintf(`"http.request.header.x-request-id":[%q],`, e.request)
		}
		fmt.Fprintf(&b, `{"@timestamp":%q,%s"severity_number":9,"body":{"text":%s},"attributes":{%s"log.file.path":"/var/log/pods/shop_%s_uid/app/0.log"},`+
			`"resource":{"attributes":{"service.name":%q,"k8s.namespace.name":"shop","k8s.pod.name":%q,"k8s.pod.uid":"uid","k8s.container.name":"app","k8s.container.restart_count":0}}}`+"\n",
			epoch.Add(e.after).Format(time.RFC3339Nano), trace, inJSON(e.text), request, e.pod, e.pod, e.pod)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// inJSON is a text as a JSON string.
func inJSON(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}
