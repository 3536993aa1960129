package kubernetes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

const extracting = `
    extract:
      metadata: [k8s.deployment.name, k8s.statefulset.name, k8s.cronjob.name, k8s.job.name, container.image.name, container.image.tags, container.id, service.name, service.version]
      labels:
        - {key: tier}
        - {key: team, from: namespace}
      annotations:
        - {key_regex: 'example\.com/(.*)', tag_name: note.$1}
    wait_for_metadata_timeout: 10m
`

// TestMetadataFollowTheAPI holds the documents of one node to what its API
// server says, while pods come, change and go.
func TestMetadataFollowTheAPI(t *testing.T) {
	t.Parallel()
	n := newNode(t, extracting)
	n.start()
	web := run{namespace: "shop", pod: "web-6d4cf56db6-x2v4q", container: "web"}
	metadata := ownedBy(web.pod, "apps", "ReplicaSet", "web-6d4cf56db6", kube.JSON{"pod-template-hash": "6d4cf56db6", "tier": "front"})
	metadata["annotations"] = kube.JSON{"example.com/owner": "ann", "unasked": strings.Repeat("x", 10_000)}
	web.uid = n.cluster.Pod("shop", nodeName, metadata, containerOf("web", "registry:5000/shop/web:1.4.2"))

	step(t, "a pod of a deployment", func(t *testing.T) {
		n.of(n.log(web)).has(t, attributes{
			"service.name": "web", "k8s.deployment.name": "web", "service.version": "1.4.2",
			"container.image.name": "registry:5000/shop/web", "container.image.tags": []string{"1.4.2"},
			"k8s.pod.label.tier": "front", "k8s.namespace.label.team": "storefront", "note.owner": "ann",
			"k8s.pod.uid": web.uid, "k8s.pod.annotation.unasked": nil, "unasked": nil,
		})
	})

	step(t, "a label that changes is in the lines that follow", func(t *testing.T) {
		n.cluster.Patch("shop", web.pod, kube.JSON{"metadata": kube.JSON{"labels": kube.JSON{"tier": "edge"}}})
		n.becomes(web, "k8s.pod.label.tier", "edge").has(t, attributes{"k8s.deployment.name": "web", "note.owner": "ann"})
		n.cluster.Patch("shop", web.pod, kube.JSON{"metadata": kube.JSON{"labels": kube.JSON{"tier": nil}}})
		n.becomes(web, "k8s.pod.label.tier", nil)
	})

	step(t, "a container that is started anew has another id", func(t *testing.T) {
		n.kubelet(web, 1, "containerd://second", "containerd://first")
		n.becomes(web, "container.id", "first")
		again := web
		again.restart = 1
		n.becomes(again, "container.id", "second").has(t, attributes{"k8s.container.restart_count": 1})
	})

	step(t, "a deleted pod keeps its metadata until its log is gone, over a restart too", func(t *testing.T) {
		n.cluster.Delete("shop", web.pod)
		n.figure("tailrace_processor_kubernetes_pods", 1, `state="gone"`)
		n.of(n.log(web)).has(t, attributes{"k8s.deployment.name": "web", "k8s.namespace.label.team": "storefront"})
		n.kept(web.uid, "storefront")
		n.agent.Kill()
		n.start()
		n.watching()
		n.of(n.log(web)).has(t, attributes{"k8s.deployment.name": "web", "k8s.namespace.label.team": "storefront"})
		n.figure("tailrace_processor_kubernetes_missed_pods_total", 0)
	})

	step(t, "pods of one name are told apart", func(t *testing.T) {
		db := run{namespace: "shop", pod: "db-0", container: "db"}
		db.uid = n.cluster.Pod("shop", nodeName, ownedBy("db-0", "apps", "StatefulSet", "db", kube.JSON{"tier": "old"}), containerOf("db", "postgres"))
		n.of(n.log(db)).has(t, attributes{"service.name": "db", "k8s.pod.label.tier": "old", "container.image.tags": nil})
		old := db
		n.cluster.Delete("shop", "db-0")
		db.uid = n.cluster.Pod("shop", nodeName, ownedBy("db-0", "apps", "StatefulSet", "db", kube.JSON{"tier": "new"}), containerOf("db", "postgres"))
		n.of(n.log(db)).has(t, attributes{"k8s.pod.label.tier": "new", "k8s.statefulset.name": "db"})
		n.of(n.log(old)).has(t, attributes{"k8s.pod.label.tier": "old", "k8s.statefulset.name": "db"})
	})

	step(t, "a static pod is known by the uid that its logs have, and reading waits for it", func(t *testing.T) {
		static := run{namespace: "shop", pod: "proxy-rig", uid: "c0ffee0123456789c0ffee0123456789", container: "proxy"}
		line := n.log(static)
		n.figure("tailrace_processor_kubernetes_pods", 1, `state="unknown"`)
		if n.find(line) != nil {
			t.Error("the line was read before its pod was known")
		}
		n.cluster.Pod("shop", nodeName, kube.JSON{
			"name": static.pod, "annotations": kube.JSON{"kubernetes.io/config.mirror": static.uid, "example.com/owner": "ops"},
		}, containerOf("proxy", "proxy:2"))
		n.of(line).has(t, attributes{"service.name": static.pod, "service.version": "2", "note.owner": "ops"})
		n.figure("tailrace_processor_kubernetes_missed_pods_total", 0)
	})

	step(t, "pods of other nodes are not known", func(t *testing.T) {
		const pods = "tailrace_processor_kubernetes_pods"
		before, err := n.Figures()
		if err != nil {
			t.Fatal(err)
		}
		n.cluster.Pod("shop", "elsewhere", kube.JSON{"name": "elsewhere"}, containerOf("c", "c"))
		// The agent hears of this one behind the other.
		here := run{namespace: "shop", pod: "here", container: "c"}
		here.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": here.pod}, containerOf("c", "c"))
		n.of(n.log(here)).has(t, attributes{"service.name": "here"})
		n.figure(pods, before.Sum(pods, `state="present"`)+1, `state="present"`)
	})
}

// kept waits until the agent's file of metadata has texts; it is written a
// second after a change.
func (n *node) kept(texts ...string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, fmt.Sprintf("the agent keeps %q", texts), func() (bool, string) {
		b, err := os.ReadFile(n.Path("state", "kubernetes", "pods.json"))
		for _, text := range texts {
			if err == nil && !strings.Contains(string(b), text) {
				return false, string(b)
			}
		}
		return err == nil, fmt.Sprint(err)
	})
}

// kubelet sets what the kubelet would say of a pod's only container.
func (n *node) kubelet(r run, restarts int, id, lastID string) {
	n.TB.Helper()
	n.cluster.Must("PATCH", "/api/v1/namespaces/"+r.namespace+"/pods/"+r.pod+"/status", kube.JSON{"status": kube.JSON{
		"containerStatuses": []any{kube.JSON{
			"name": r.container, "image": "i", "imageID": "i", "ready": true, "restartCount": restarts, "containerID": id,
			"state":     kube.JSON{"running": kube.JSON{}},
			"lastState": kube.JSON{"terminated": kube.JSON{"exitCode": 1, "containerID": lastID}},
		}},
	}})
}
