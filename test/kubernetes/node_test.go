// Package kubernetes runs the real agent beside a real API server.
package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/test/oracle"
)

// node is an agent on a node of a cluster.
type node struct {
	*testkit.Rig
	cluster *kube.Cluster
	// address is where the agent asks the API server.
	address string
	// sink is where documents are stored; nil is for none but the journal.
	sink   *testkit.Sink
	token  string
	config string
	agent  *testkit.Process
	lines  int
}

// nodeName is its name in the cluster, which testkit.Rig gives to agents.
const nodeName = "rig"

// user is who the agent is to the API server.
const user = "agent"

// newNode makes a cluster with a namespace, and the configuration of an agent
// with the rights that the documentation names and some changes of its own.
func newNode(t testing.TB, processor string) *node {
	t.Helper()
	c := kube.Start(t, user)
	n := &node{Rig: testkit.NewRig(t), cluster: c, address: c.URL, token: c.TokenFile(user)}
	c.Allow(user, rights(t)...)
	c.Namespace("shop", kube.JSON{"team": "storefront"})
	n.configure(processor)
	return n
}

func (n *node) configure(processor string) {
	n.TB.Helper()
	exporters, names := "", ""
	if n.sink != nil {
		exporters, names = fmt.Sprintf("\nexporters: {elasticsearch: {endpoints: [%q]}}\n", n.sink.URL), "elasticsearch"
	}
	n.config = n.Configure(fmt.Sprintf(`
receivers: {pods: {root: %s}}
processors:
  kubernetes:
    endpoint: %s
    ca_file: %s
    token_file: %s
%s%s`, n.Path("pods"), n.address, n.cluster.CAFile, n.token, processor, exporters),
		fmt.Sprintf("    logs: {receivers: [pods], processors: [kubernetes], exporters: [%s]}\n", names))
}

func (n *node) start() {
	n.TB.Helper()
	n.agent = n.StartAgent(n.config)
}

// step is a part of a test that goes on from what the one before has left. It
// is no subtest, whose goroutine would take the processes with it that it has
// started (testkit.Start).
func step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Log(name)
	f(t)
}

// run is one of a container's lives.
type run struct {
	namespace, pod, uid, container string
	restart                        int
}

func (r run) dir() string {
	return filepath.Join(fmt.Sprintf("%s_%s_%s", r.namespace, r.pod, r.uid), r.container)
}

// log writes a line as the container runtime does, and returns its text.
func (n *node) log(r run) string {
	n.TB.Helper()
	n.lines++
	text := fmt.Sprintf("line %d of %s", n.lines, r.pod)
	n.write(r, text)
	return text
}

// write writes lines at once, so that nobody sees one without the next.
func (n *node) write(r run, lines ...string) {
	n.TB.Helper()
	name := n.Path("pods", r.dir(), fmt.Sprintf("%d.log", r.restart))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		n.TB.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		n.TB.Fatal(err)
	}
	defer f.Close()
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), line)
	}
	if _, err := f.WriteString(text.String()); err != nil {
		n.TB.Fatal(err)
	}
}

// attributes are those of a resource, values as JSON has them.
type attributes map[string]any

// of waits for the document of a line and returns its resource.
func (n *node) of(text string) (found attributes) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "there is a document of "+text, func() (bool, string) {
		if !n.agent.Running() {
			n.TB.Fatalf("the agent has ended\n%s", n.agent.Tail())
		}
		found = n.find(text)
		return found != nil, n.agent.Tail()
	})
	return found
}

// find returns nil when the journal has no document of a line.
func (n *node) find(text string) attributes {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, i := range items {
		var doc struct {
			Body     struct{ Text string }
			Resource struct{ Attributes attributes }
		}
		if err := json.Unmarshal(i.Doc, &doc); err != nil {
			n.TB.Fatal(err)
		}
		if doc.Body.Text == text {
			return doc.Resource.Attributes
		}
	}
	return nil
}

// becomes writes lines until the resource of one of them has a value.
func (n *node) becomes(r run, name string, want any) attributes {
	n.TB.Helper()
	var got attributes
	testkit.Eventually(n.TB, fmt.Sprintf("%s becomes %v", name, want), func() (bool, string) {
		got = n.of(n.log(r))
		return got[name] == want, fmt.Sprintf("it is %v\n%s", got[name], n.agent.Tail())
	})
	return got
}

// has checks values; nil is for none.
func (a attributes) has(t *testing.T, want attributes) {
	t.Helper()
	for name, value := range want {
		if fmt.Sprint(a[name]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", name, a[name], value)
		}
	}
}

// figure waits until a metric of the running agent has a value.
func (n *node) figure(name string, want int, labels ...string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, fmt.Sprintf("%s is %d", name, want), func() (bool, string) {
		f, err := n.Figures()
		if err != nil {
			return false, err.Error()
		}
		got := f.Sum(name, labels...)
		return got == want, fmt.Sprintf("it is %d\n%s", got, n.agent.Tail())
	})
}

// watching waits until the agent follows the API server.
func (n *node) watching() {
	n.TB.Helper()
	n.figure("tailrace_processor_kubernetes_watching", 1)
}

// saying waits until the agent's log contains text.
func (n *node) saying(text string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, fmt.Sprintf("the agent says %q", text), func() (bool, string) {
		b, err := os.ReadFile(n.agent.Stderr)
		return err == nil && strings.Contains(string(b), text), n.agent.Tail()
	})
}

// ownedBy is the metadata of a pod that a controller made.
func ownedBy(pod, group, kind, owner string, labels kube.JSON) kube.JSON {
	return kube.JSON{"name": pod, "labels": labels, "ownerReferences": []any{kube.JSON{
		"apiVersion": group + "/v1", "kind": kind, "name": owner, "uid": "0f0e6f0a-0000-4000-8000-000000000001", "controller": true,
	}}}
}

func containerOf(name, image string) kube.JSON { return kube.JSON{"name": name, "image": image} }
