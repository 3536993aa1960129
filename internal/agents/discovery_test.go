package agents

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

var created = time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)

// pod is an agent's.
func pod(name, node string, age time.Duration, change ...func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "obs", CreationTimestamp: metav1.NewTime(created.Add(-age))},
		Spec: corev1.PodSpec{
			NodeName: node, NodeSelector: map[string]string{"os": "linux"},
			Containers: []corev1.Container{{Name: "sidecar"}, {Name: "tailrace", Command: []string{"/tailrace"}, Args: []string{"run", "--config", "a.yaml", "--config=b.yaml"}}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func pending(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }
func crashing(p *corev1.Pod) {
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "tailrace", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}
}

// serve answers lists of pods and nodes, two objects at a time.
func serve(t *testing.T, pods []corev1.Pod, nodes ...string) *Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/pods", func(w http.ResponseWriter, r *http.Request) {
		list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}}
		from := len(r.URL.Query().Get("continue"))
		to := min(from+2, len(pods))
		if list.Items = pods[from:to]; to < len(pods) {
			list.Continue = strings.Repeat("x", to)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	})
	mux.HandleFunc("/api/v1/nodes", func(w http.ResponseWriter, r *http.Request) {
		list := corev1.NodeList{TypeMeta: metav1.TypeMeta{Kind: "NodeList", APIVersion: "v1"}}
		for _, n := range nodes {
			name, os, _ := strings.Cut(n, "/")
			list.Items = append(list.Items, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"os": os}}})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c, err := NewClient(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOneAgentOfEachNodeIsAsked(t *testing.T) {
	c := serve(t, []corev1.Pod{
		pod("new", "node-1", 0), pod("old", "node-1", time.Hour), pod("ill", "node-2", 2*time.Hour, crashing), pod("well", "node-2", time.Hour),
		pod("coming", "node-3", 0, pending), pod("nowhere", "", 0, pending), pod("down", "node-4", 0, crashing),
	}, "node-1/linux", "node-2/linux", "node-3/linux", "node-4/linux", "node-5/linux", "node-6/windows")
	found, err := c.Find(t.Context(), Which{Selector: Selector})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{node-1 obs old tailrace /tailrace [--config=a.yaml --config=b.yaml]} {node-2 obs well tailrace /tailrace [--config=a.yaml --config=b.yaml]}]"
	if got := fmt.Sprint(found.Agents); got != want {
		t.Errorf("agents %s, want %s", got, want)
	}
	want = "[{node-3 its agent's pod obs/coming is Pending} {node-4 its agent's pod obs/down does not run (CrashLoopBackOff)} {node-5 no agent's pod is on it}]"
	if got := fmt.Sprint(found.Missing); got != want || found.Unknown != nil {
		t.Errorf("missing %s, want %s; %v", got, want, found.Unknown)
	}
	some, err := c.Find(t.Context(), Which{Selector: Selector, Nodes: []string{"node-6", "node-2", "node-9"}})
	if err != nil || len(some.Agents) != 1 || some.Agents[0].Pod != "well" ||
		fmt.Sprint(some.Missing) != "[{node-6 no agent's pod is on it} {node-9 there is no node of this name}]" {
		t.Errorf("%v: %+v", err, some)
	}
	if _, err := serve(t, nil).Find(t.Context(), Which{Selector: Selector}); err == nil || !strings.Contains(err.Error(), "--agent-selector say where and how") {
		t.Errorf("no agents: %v", err)
	}
}

func TestErrorsAreExplainedWithoutTheCommandLine(t *testing.T) {
	for text, want := range map[string]string{
		`Internal error occurred: error sending request: Post "https://10.0.0.1:10250/exec/obs/a?command=secret": dial tcp 10.0.0.1:10250: connect: connection refused`: "the API server does not reach its kubelet: dial tcp 10.0.0.1:10250: connect: connection refused",
		"error dialing backend: no route to host": "the API server does not reach its kubelet: no route to host",
		"other": "other",
	} {
		if got := Explain(Agent{}, errors.New(text)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
