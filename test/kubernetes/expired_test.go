package kubernetes

import (
	"fmt"
	"os"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// through has the agent ask the API server through a proxy.
func (n *node) through(p *proxy, processor string) {
	n.TB.Helper()
	n.address = p.URL
	n.configure(processor)
}

// TestAWatchThatHasExpiredIsBegunAnew cuts an agent's watch, and has etcd and
// the API server forget what happened since: the watch is answered with 410, and
// the agent lists anew and knows what it has missed.
func TestAWatchThatHasExpiredIsBegunAnew(t *testing.T) {
	t.Parallel()
	const labels = "    extract: {labels: [{key: tier}]}\n"
	n, web := newNodeWithWeb(t)
	p := newProxy(t, n.cluster)
	n.through(p, labels)
	n.cluster.Pod("shop", nodeName, kube.JSON{"name": "old"}, containerOf("c", "c"))
	n.start()
	n.becomes(web, "k8s.pod.label.tier", "front")
	n.figure("tailrace_processor_kubernetes_pods", 2, `state="present"`)
	n.watching()
	// A watch that has brought nothing and ends at once is a failure, not an end.
	n.relabel(web, "back")
	n.becomes(web, "k8s.pod.label.tier", "back")
	lists, expired := p.figures("list")
	if expired != 0 {
		t.Fatalf("%d watches have expired by themselves", expired)
	}

	p.cut()
	n.relabel(web, "edge")
	n.status(web, "containerStatuses", 0, terminated(1, "WhileAway"), kube.JSON{})
	n.cluster.Delete("shop", "old")
	added := run{namespace: "shop", pod: "added", container: "c"}
	added.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": "added"}, containerOf("c", "c"))
	n.cluster.Compact()
	n.cluster.Restart()
	p.release()

	testkit.Eventually(t, "the API server says that the watch has expired", func() (bool, string) {
		_, expired := p.figures("watch")
		return expired > 0, n.agent.Tail()
	})
	n.becomes(web, "k8s.pod.label.tier", "edge")
	n.of(n.log(added)).has(t, attributes{"service.name": "added"})
	n.figure("tailrace_processor_kubernetes_pods", 1, `state="gone"`)
	n.told("terminated: WhileAway")
	n.watching()
	if again, _ := p.figures("list"); again <= lists {
		t.Errorf("%d lists were asked for, %d of them before", again, lists)
	}
	// What it learned by the list, it goes on to follow.
	n.relabel(web, "core")
	n.becomes(web, "k8s.pod.label.tier", "core")
}

// TestATokenIsRotatedUnderARunningAgent does as the kubelet does: the file has a
// new token before the old one is refused. The agent needs no hand.
func TestATokenIsRotatedUnderARunningAgent(t *testing.T) {
	t.Parallel()
	n, web := newNodeWithWeb(t)
	p := newProxy(t, n.cluster)
	n.through(p, "    extract: {labels: [{key: tier}]}\n")
	n.start()
	n.becomes(web, "k8s.pod.label.tier", "front")
	n.watching()
	before, err := os.ReadFile(n.token)
	if err != nil {
		t.Fatal(err)
	}
	n.cluster.Token(user, "rotated")
	if err := os.WriteFile(n.token, []byte("rotated"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.cluster.Restart()
	if status := n.as(string(before)); status != 401 {
		t.Fatalf("the old token is answered with %d", status)
	}
	n.relabel(web, "edge")
	n.becomes(web, "k8s.pod.label.tier", "edge")
	n.watching()
	for _, token := range []string{string(before), "rotated"} {
		if asked, _ := p.figures(token); asked == 0 {
			t.Errorf("nothing was asked with the token %q", token)
		}
	}
}

// as asks for pods with a token and returns the status.
func (n *node) as(token string) int {
	n.TB.Helper()
	status, err := n.cluster.Ask(token, "/api/v1/pods?limit=1")
	if err != nil {
		n.TB.Fatal(fmt.Errorf("asking with a token: %w", err))
	}
	return status
}
