package kubernetes

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// fullNode is how many pods a node has at most, unless it is configured
// otherwise (the kubelet's maxPods).
const fullNode = 110

// BenchmarkFullNode reports the agent's resident memory on a full node, idle,
// with metadata and without, and the size of its binary.
//
//	go test ./test/kubernetes -run '^$' -bench FullNode -benchtime 1x
func BenchmarkFullNode(b *testing.B) {
	n := newNode(b, "")
	for i := range fullNode {
		pod := run{namespace: "shop", pod: fmt.Sprintf("web-6d4cf56db6-%d", i), container: "web"}
		metadata := ownedBy(pod.pod, "apps", "ReplicaSet", "web-6d4cf56db6", kube.JSON{
			"pod-template-hash": "6d4cf56db6", "app.kubernetes.io/name": "web", "app.kubernetes.io/version": "1.4.2",
		})
		metadata["annotations"] = kube.JSON{"kubectl.kubernetes.io/last-applied-configuration": strings.Repeat("x", 4096)}
		pod.uid = n.cluster.Pod("shop", nodeName, metadata, containerOf("web", "registry:5000/shop/web:1.4.2"))
		n.log(pod)
	}
	for b.Loop() {
		with := n.resident(fullNode)
		without := n.without().resident(-1)
		b.ReportMetric(with/(1<<20), "MiB-with")
		b.ReportMetric(without/(1<<20), "MiB-without")
	}
	st, err := os.Stat(testkit.LeanAgent(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/(1<<20), "MiB-binary")
	b.ReportMetric(0, "ns/op")
}

// without is the same node with an agent that has no metadata.
func (n *node) without() *node {
	bare := &node{Rig: testkit.NewRig(n.TB), cluster: n.cluster}
	bare.config = bare.Configure(fmt.Sprintf("receivers: {pods: {root: %s}}", n.Path("pods")),
		"    logs: {receivers: [pods], exporters: []}\n")
	return bare
}

// resident is the resident memory, in bytes, of an agent that has read
// everything and rested since; it knows so many pods then, -1 for none.
func (n *node) resident(pods int) float64 {
	n.TB.Helper()
	n.agent = n.StartAgent(n.config)
	defer n.agent.Kill()
	n.figure("tailrace_receiver_accepted_log_records_total", fullNode)
	n.figure("tailrace_processor_kubernetes_pods", pods, `state="present"`)
	var least float64
	// Memory is given back every 30 seconds.
	testkit.Eventually(n.TB, "the agent rests", func() (bool, string) {
		f, err := n.Figures()
		if err != nil || f["process_start_time_seconds"] == 0 {
			return false, fmt.Sprint(err)
		}
		least = n.memory("VmRSS")
		return f["go_gc_duration_seconds_count"] > 0 && f["go_memstats_last_gc_time_seconds"]-f["process_start_time_seconds"] > 31, ""
	})
	return least
}

// memory is a figure of the agent's memory in bytes (proc(5)).
func (n *node) memory(name string) float64 {
	n.TB.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.agent.PID()))
	if err != nil {
		n.TB.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				n.TB.Fatal(err)
			}
			return kib * 1024
		}
	}
	n.TB.Fatalf("there is no %s", name)
	return 0
}
