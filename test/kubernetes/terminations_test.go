package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/test/oracle"
)

// terminated is a state as the kubelet reports it.
func terminated(code int, reason string) kube.JSON {
	now := time.Now().UTC()
	return kube.JSON{"terminated": kube.JSON{
		"exitCode": code, "reason": reason, "startedAt": now.Add(-time.Minute).Format(time.RFC3339), "finishedAt": now.Format(time.RFC3339),
		"containerID": "containerd://" + strings.ToLower(reason),
	}}
}

// status sets one kind of container statuses of a pod, each of one container.
func (n *node) status(r run, kind string, restarts int, state, last kube.JSON) {
	n.TB.Helper()
	n.cluster.Must("PATCH", "/api/v1/namespaces/"+r.namespace+"/pods/"+r.pod+"/status", kube.JSON{"status": kube.JSON{
		kind: []any{kube.JSON{
			"name": r.container, "image": "i", "imageID": "i", "ready": false, "restartCount": restarts, "state": state, "lastState": last,
		}},
	}})
}

// told waits until the journal tells of an end, and checks that it does so once.
func (n *node) told(texts ...string) {
	n.TB.Helper()
	for _, text := range texts {
		testkit.Eventually(n.TB, "the journal says "+text, func() (bool, string) {
			return n.count(text) > 0, n.agent.Tail()
		})
		if got := n.count(text); got != 1 {
			n.TB.Errorf("%q is in the journal %d times", text, got)
		}
	}
}

func (n *node) count(text string) (found int) {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, i := range items {
		found += strings.Count(string(i.Doc), text)
	}
	return found
}

// TestWhyAContainerDiedIsOneCommand holds what a node's journal tells of the
// ends of containers to their statuses in a real API server, over kills of the
// agent and of the server.
func TestWhyAContainerDiedIsOneCommand(t *testing.T) {
	t.Parallel()
	n := newNode(t, "    extract: {labels: [{key: tier}]}\n")
	web := run{namespace: "shop", pod: "web-1", container: "app"}
	running := kube.JSON{"running": kube.JSON{}}
	web.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": "web-1", "labels": kube.JSON{"tier": "front"}}, containerOf("app", "web:1"))
	other := run{namespace: "shop", pod: "elsewhere", container: "app"}
	n.cluster.Pod("shop", "another-node", kube.JSON{"name": "elsewhere"}, containerOf("app", "web:1"))
	n.start()
	n.of(n.log(web))

	step(t, "an end is told once, over a kill of the agent and of the server", func(t *testing.T) {
		last := n.log(web)
		n.status(other, "containerStatuses", 0, terminated(1, "Elsewhere"), kube.JSON{})
		n.status(web, "containerStatuses", 0, terminated(137, "OOMKilled"), kube.JSON{})
		n.told("app of pod shop/web-1 terminated: OOMKilled, exit code 137, restart 0")
		n.agent.Kill()
		n.cluster.Restart()
		n.status(web, "containerStatuses", 1, running, terminated(137, "OOMKilled"))
		again := web
		again.restart = 1
		n.log(again)
		n.start()
		n.status(web, "containerStatuses", 1, terminated(2, "Error"), terminated(137, "OOMKilled"))
		n.told("terminated: Error, exit code 2, restart 1", "terminated: OOMKilled")
		n.of(last).has(t, attributes{"k8s.pod.label.tier": "front"})
	})

	step(t, "logs -p shows it behind the last lines of the life that ended", func(t *testing.T) {
		out, status := testkit.Output(t, testkit.Agent(t), "logs", "-p", "web-1", "--config", n.config, "-o", "raw")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if status != 0 || len(lines) != 3 || !strings.HasPrefix(lines[1], "line ") ||
			lines[2] != "container app of pod shop/web-1 terminated: OOMKilled, exit code 137, restart 0" {
			t.Errorf("status %d:\n%s", status, out)
		}
	})

	step(t, "it has the resource of the container's lines", func(t *testing.T) {
		again := web
		again.restart = 1
		line, end := n.of(n.log(again)), n.find("container app of pod shop/web-1 terminated: Error, exit code 2, restart 1")
		if fmt.Sprint(line) != fmt.Sprint(end) {
			t.Errorf("the line's is %v\nthe end's is %v", line, end)
		}
	})

	step(t, "init and ephemeral containers end, too, and pods that are gone", func(t *testing.T) {
		job := run{namespace: "shop", pod: "job", container: "prepare"}
		pod := n.cluster.Must("POST", "/api/v1/namespaces/shop/pods", kube.JSON{"metadata": kube.JSON{"name": "job"}, "spec": kube.JSON{
			"nodeName": nodeName, "initContainers": []any{containerOf("prepare", "i")}, "containers": []any{containerOf("work", "i")},
		}})
		job.uid = pod["metadata"].(kube.JSON)["uid"].(string)
		n.cluster.Must("PATCH", "/api/v1/namespaces/shop/pods/job/ephemeralcontainers", kube.JSON{"spec": kube.JSON{
			"ephemeralContainers": []any{containerOf("debug", "i")},
		}})
		n.status(job, "initContainerStatuses", 0, terminated(0, "Completed"), kube.JSON{})
		job.container = "debug"
		n.status(job, "ephemeralContainerStatuses", 0, terminated(130, "Error"), kube.JSON{})
		job.container = "work"
		n.agent.Kill()
		n.start()
		n.watching()
		n.status(job, "containerStatuses", 0, terminated(1, "Error"), kube.JSON{})
		n.cluster.Delete("shop", "job")
		n.told("prepare of pod shop/job terminated: Completed, exit code 0", "debug of pod shop/job terminated: Error, exit code 130",
			"work of pod shop/job terminated: Error, exit code 1", "terminated: OOMKilled", "terminated: Error, exit code 2")
	})
	if got := n.count("Elsewhere"); got != 0 {
		t.Errorf("%d ends of another node's pods were told", got)
	}
}
