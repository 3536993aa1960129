package kubernetes

import (
	"os"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// newNodeWithWeb is a node with a pod that has a label tier, front.
func newNodeWithWeb(t *testing.T) (*node, run) {
	t.Helper()
	n := newNode(t, "    extract: {labels: [{key: tier}]}\n    wait_for_metadata_timeout: 1s\n")
	web := run{namespace: "shop", pod: "web", container: "c"}
	web.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": "web", "labels": kube.JSON{"tier": "front"}}, containerOf("c", "c"))
	return n, web
}

func (n *node) relabel(r run, tier string) {
	n.TB.Helper()
	n.cluster.Patch(r.namespace, r.pod, kube.JSON{"metadata": kube.JSON{"labels": kube.JSON{"tier": tier}}})
}

// TestReadingGoesOnWithoutTheAPI starts an agent before its API server: lines
// wait for a while and come without metadata, and those that follow the
// server's start have them.
func TestReadingGoesOnWithoutTheAPI(t *testing.T) {
	t.Parallel()
	n, web := newNodeWithWeb(t)
	n.cluster.Kill()
	n.start()
	n.of(n.log(web)).has(t, attributes{"service.name": "c", "k8s.pod.name": "web", "k8s.pod.label.tier": nil})
	n.saying("a request to the Kubernetes API failed")
	n.figure("tailrace_processor_kubernetes_missed_pods_total", 1)
	n.cluster.Restart()
	n.becomes(web, "k8s.pod.label.tier", "front").has(t, attributes{"service.name": "web"})
	n.watching()
}

// TestWhatChangedWhileTheAPIWasAwayIsNoticed kills the API server under a
// running agent: what is known stays in use until the server is back.
func TestWhatChangedWhileTheAPIWasAwayIsNoticed(t *testing.T) {
	t.Parallel()
	n, web := newNodeWithWeb(t)
	n.start()
	n.becomes(web, "k8s.pod.label.tier", "front")
	n.watching()
	n.cluster.Kill()
	n.figure("tailrace_processor_kubernetes_watching", 0)
	n.of(n.log(web)).has(t, attributes{"k8s.pod.label.tier": "front", "service.name": "web"})
	n.cluster.Restart()
	n.relabel(web, "edge")
	n.becomes(web, "k8s.pod.label.tier", "edge")
	n.watching()
}

// TestARotatedTokenIsReadAgain has the API server refuse the agent's token
// until its file has another one.
func TestARotatedTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	n, web := newNodeWithWeb(t)
	n.start()
	n.becomes(web, "k8s.pod.label.tier", "front")
	n.cluster.Token(user, "second")
	n.cluster.Restart()
	n.saying("check that token_file holds a token that is valid")
	n.relabel(web, "rotated")
	n.of(n.log(web)).has(t, attributes{"k8s.pod.label.tier": "front"})
	if err := os.WriteFile(n.token, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.becomes(web, "k8s.pod.label.tier", "rotated")
	n.watching()
}
