// Package scale measures what agents cost the API server of a cluster.
package scale

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// The cluster, unless NODES and PODS say otherwise.
var (
	nodes       = number("NODES", 1000)
	podsPerNode = number("PODS", 5)
)

// fewer is how many agents of the yardstick run: each holds all pods of the
// cluster in memory, and asks the server for all of them.
const fewer = 10

// changes is how many pods are changed while agents watch.
const changes = 200

// settle is for how long the server's CPU is counted after the last agent is
// synced or the last pod changed.
const settle = 2 * time.Second

const agent = "agent"

func number(variable string, def int) int {
	n, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return def
	}
	return n
}

func nodeName(i int) string { return fmt.Sprintf("node-%04d", i) }

// BenchmarkAPIServer has agents start at once against one API server, and then
// follow changes of pods.
//
//	go test ./bench/scale -run '^$' -bench . -benchtime 1x -timeout 30m
func BenchmarkAPIServer(b *testing.B) {
	c := kube.Start(b, agent)
	c.Allow(agent, kube.JSON{"apiGroups": []any{""}, "resources": []any{"pods", "namespaces"}, "verbs": []any{"get", "list", "watch"}})
	fill(b, c)
	m := &meter{cluster: c}
	m.rest()
	for _, k := range []struct {
		name  string
		start agents
		count int
	}{{"tailrace", tailrace, nodes}, {"tailrace", tailrace, fewer}, {"allpods", allPods, fewer}} {
		b.Run(fmt.Sprintf("%s/agents=%d", k.name, k.count), func(b *testing.B) { m.measure(b, k.start, k.count) })
	}
}

// meter counts what the server does.
type meter struct {
	cluster *kube.Cluster
	// idle is the share of a CPU that it takes when nobody asks, watches how many
	// it has of its own.
	idle, watches float64
}

// rest measures the server without agents, when it has done what there was to do.
func (m *meter) rest() {
	m.cluster.Sum(listed)
	time.Sleep(5 * settle)
	m.idle = m.cpu(func() { time.Sleep(5 * settle) }).Seconds() / (6 * settle).Seconds()
	m.watches = m.cluster.Sum(watched)
}

// cpu is what the server takes while f runs, and a little longer, less what it
// takes anyway.
func (m *meter) cpu(f func()) time.Duration {
	begin, before := time.Now(), m.cluster.CPU()
	f()
	time.Sleep(settle)
	return m.cluster.CPU() - before - time.Duration(m.idle*float64(time.Since(begin)))
}

// measure reports what the server had to do to start agents, and what it sends
// them of changes. CPU time for changes is not reported: it is less than what
// that of making them varies by.
func (m *meter) measure(b *testing.B, start agents, count int) {
	c := m.cluster
	w := newWire(b, strings.TrimPrefix(c.URL, "https://"))
	p := &place{url: "https://" + w.address, ca: c.CAFile, token: c.TokenFile(agent), dir: b.TempDir()}
	before, refusedBefore := c.Sum(listed), c.Sum(refused)
	var end func()
	starting := m.cpu(func() { end = start(b, p, count) })
	defer end()
	sent := w.bytes.Load()
	requests := c.Sum(listed) - before + c.Sum(watched) - m.watches
	late := c.Sum(refused) - refusedBefore
	change(b, c)
	time.Sleep(settle)

	n := float64(count)
	b.ReportMetric(starting.Seconds(), "s-CPU")
	b.ReportMetric(starting.Seconds()*1000/n, "ms-CPU/agent")
	b.ReportMetric(requests, "requests")
	b.ReportMetric(late, "delayed")
	b.ReportMetric(float64(sent)/(1<<10)/n, "KiB/agent")
	b.ReportMetric(float64(w.connections.Load())/n, "connections/agent")
	b.ReportMetric(float64(w.bytes.Load()-sent)/(1<<10)/changes, "KiB/change")
	b.ReportMetric(0, "ns/op")
}

// listed are the requests of agents that were answered, refused those that were
// told to come later (429), watched those that go on (the API server's own
// metrics).
var (
	listed  = regexp.MustCompile(`^apiserver_request_total\{.*code="200".*resource="(pods|namespaces)".*verb="(LIST|GET)"`)
	refused = regexp.MustCompile(`^apiserver_request_total\{.*code="429".*resource="(pods|namespaces)"`)
	watched = regexp.MustCompile(`^apiserver_longrunning_requests\{.*resource="(pods|namespaces)".*verb="WATCH"`)
)

// change labels pods, each on another node.
func change(b *testing.B, c *kube.Cluster) {
	b.Helper()
	for i := range changes {
		node := i * nodes / changes
		c.Patch("load", podName(node, 0), kube.JSON{"metadata": kube.JSON{"labels": kube.JSON{"changed": time.Now().Format("150405.000000000")}}})
	}
}

func podName(node, i int) string { return fmt.Sprintf("web-6d4cf56db6-%04d-%d", node, i) }

// fill makes the nodes' pods, with as much in them as pods have.
func fill(b *testing.B, c *kube.Cluster) {
	b.Helper()
	c.Namespace("load", nil)
	var makers sync.WaitGroup
	todo := make(chan int)
	for range 8 {
		makers.Go(func() {
			for i := range todo {
				node, n := i/podsPerNode, i%podsPerNode
				body, err := json.Marshal(kube.JSON{"metadata": metadataOf(podName(node, n)), "spec": specOf(nodeName(node))})
				if err != nil {
					panic(err) // texts only: cannot fail
				}
				if status, answer := c.Do(http.MethodPost, "/api/v1/namespaces/load/pods", string(body)); status != http.StatusCreated {
					b.Errorf("making a pod: %d %s", status, answer)
				}
			}
		})
	}
	for i := range nodes * podsPerNode {
		todo <- i
	}
	close(todo)
	makers.Wait()
}

func metadataOf(name string) kube.JSON {
	return kube.JSON{
		"name": name, "labels": kube.JSON{"app.kubernetes.io/name": "web", "app.kubernetes.io/version": "1.4.2", "pod-template-hash": "6d4cf56db6"},
		"annotations": kube.JSON{"kubectl.kubernetes.io/restartedAt": "2026-03-05T10:11:12Z", "prometheus.io/scrape": "true", "checksum/config": strings.Repeat("0123456789abcdef", 4)},
		"ownerReferences": []any{kube.JSON{
			"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4cf56db6", "uid": "0f0e6f0a-0000-4000-8000-000000000001", "controller": true,
		}},
	}
}

func specOf(node string) kube.JSON {
	var env, mounts []any
	for i := range 12 {
		env = append(env, kube.JSON{"name": fmt.Sprintf("SETTING_%d", i), "value": "a value of some length"})
	}
	for i := range 3 {
		mounts = append(mounts, kube.JSON{"name": fmt.Sprintf("config-%d", i), "mountPath": fmt.Sprintf("/etc/config-%d", i)})
	}
	var volumes []any
	for i := range 3 {
		volumes = append(volumes, kube.JSON{"name": fmt.Sprintf("config-%d", i), "configMap": kube.JSON{"name": fmt.Sprintf("config-%d", i)}})
	}
	container := func(name string) kube.JSON {
		return kube.JSON{
			"name": name, "image": "registry.example/shop/" + name + ":1.4.2", "env": env, "volumeMounts": mounts,
			"resources":     kube.JSON{"requests": kube.JSON{"cpu": "50m", "memory": "64Mi"}, "limits": kube.JSON{"memory": "256Mi"}},
			"livenessProbe": kube.JSON{"httpGet": kube.JSON{"path": "/healthz", "port": 8080}, "periodSeconds": 10},
		}
	}
	return kube.JSON{"nodeName": node, "containers": []any{container("web"), container("proxy")}, "volumes": volumes}
}
