package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// api is a server that answers lists and watches of pods, and gets of
// namespaces, as a script says.
type api struct {
	t      *testing.T
	server *httptest.Server
	// events are the lines of watches; closing it ends them.
	events chan string

	mu       sync.Mutex
	pods     []*corev1.Pod
	refusals map[string]int
	requests []string
	// accepts are the headers Accept of requests, by their kind.
	accepts map[string]string
}

func newAPI(t *testing.T) *api {
	a := &api{t: t, events: make(chan string), refusals: map[string]int{}, accepts: map[string]string{}}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := "list"
	switch {
	case r.URL.Query().Get("watch") != "":
		kind = "watch"
	case strings.Contains(r.URL.Path, "namespaces"):
		kind = "get"
	}
	if status := a.noted(kind, r); status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d}`, reasons[status], status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch kind {
	case "list":
		a.list(w)
	case "watch":
		a.watch(w, r)
	case "get":
		fmt.Fprint(w, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"shop","labels":{"team":"front"}}}`)
	}
}

var reasons = map[int]string{401: "Unauthorized", 403: "Forbidden", 410: "Expired", 503: "ServiceUnavailable"}

// noted keeps a request and returns the status to refuse it with, or 0.
func (a *api) noted(kind string, r *http.Request) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := r.URL.Query()
	a.requests = append(a.requests, fmt.Sprintf("%s %s %s rv=%s", kind, r.URL.Path, q.Get("fieldSelector"), q.Get("resourceVersion")))
	a.accepts[kind] = r.Header.Get("Accept")
	return a.refusals[kind]
}

func (a *api) refuse(kind string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals[kind] = status
}

// seen says whether a request was made.
func (a *api) seen(request string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.requests {
		if strings.Contains(r, request) {
			return true
		}
	}
	return false
}

func (a *api) list(w http.ResponseWriter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := corev1.PodList{}
	list.Kind, list.APIVersion, list.ResourceVersion = "PodList", "v1", "7"
	for _, p := range a.pods {
		list.Items = append(list.Items, *p)
	}
	if err := json.NewEncoder(w).Encode(list); err != nil {
		a.t.Error(err)
	}
}

func (a *api) watch(w http.ResponseWriter, r *http.Request) {
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-a.events:
			if !ok {
				return
			}
			fmt.Fprintln(w, e)
			w.(http.Flusher).Flush()
		}
	}
}

// tell sends what became of a pod to the one that watches.
func (a *api) tell(kind string, p *corev1.Pod) {
	a.t.Helper()
	p.Kind, p.APIVersion, p.ResourceVersion = "Pod", "v1", "8"
	b, err := json.Marshal(p)
	if err != nil {
		a.t.Fatal(err)
	}
	select {
	case a.events <- fmt.Sprintf(`{"type":%q,"object":%s}`, kind, b):
	case <-time.After(time.Minute):
		a.t.Fatal("nobody watches")
	}
}

// follow runs Pods against the server until the test ends.
func (a *api) follow(change func(*Config)) *Pods {
	a.t.Helper()
	s, l := newPods(a.t, "", func(c *Config) {
		c.Endpoint = a.server.URL
		if change != nil {
			change(c)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		s.Run(ctx, l)
		close(done)
	}()
	a.t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

func (a *api) until(what string, done func() bool) {
	a.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.t.Fatalf("waited in vain: %s; requests: %v", what, a.requests)
		}
	}
}

// is says whether the attributes of the test's source have one.
func (s *Pods) is(name, value string) bool {
	for _, a := range s.attributes(&source) {
		if a.Name == name {
			return a.Value == quote(value)
		}
	}
	return value == ""
}

func TestPodsAreListedFromTheCacheAndWatched(t *testing.T) {
	a := newAPI(t)
	p := podOwnedBy("apps/v1", "StatefulSet", "db", nil)
	a.pods = []*corev1.Pod{p}
	s := a.follow(nil)
	a.until("the pod is listed", func() bool { return s.is(statefulSetName, "db") })
	a.until("changes are watched", func() bool { return s.Figures().Watching })
	for _, request := range []string{"list /api/v1/pods spec.nodeName=node rv=0", "watch /api/v1/pods spec.nodeName=node rv=7"} {
		if !a.seen(request) {
			t.Errorf("there was no %s: %v", request, a.requests)
		}
	}
	p.Labels = map[string]string{"app.kubernetes.io/name": "postgres"}
	a.tell("MODIFIED", p)
	a.until("a change is known", func() bool { return s.is(serviceName, "postgres") })
	a.tell("DELETED", p)
	a.until("it is gone", func() bool { return s.Figures().Gone == 1 })
	if !s.is(serviceName, "postgres") || !s.Ready(&source) {
		t.Error("a pod that is gone is forgotten")
	}
}

func TestAWatchThatTheServerHasForgottenBeginsAnew(t *testing.T) {
	a := newAPI(t)
	s := a.follow(nil)
	a.until("changes are watched", func() bool { return s.Figures().Watching })
	a.mu.Lock()
	a.pods = []*corev1.Pod{podOwnedBy("apps/v1", "StatefulSet", "db", nil)}
	a.mu.Unlock()
	a.events <- `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}`
	a.until("the pods are listed anew", func() bool { return s.is(statefulSetName, "db") })
}

func TestRefusalsAreCountedAndEnd(t *testing.T) {
	a := newAPI(t)
	a.pods = []*corev1.Pod{podOwnedBy("apps/v1", "StatefulSet", "db", nil)}
	a.refuse("list", http.StatusForbidden)
	s := a.follow(nil)
	a.until("a refusal is counted", func() bool { return s.Figures().Failures > 0 })
	a.refuse("list", 0)
	a.until("it goes on", func() bool { return s.is(statefulSetName, "db") && s.Figures().Watching })
}

func TestOnlyNamespacesWithPodsAreAskedFor(t *testing.T) {
	a := newAPI(t)
	a.pods = []*corev1.Pod{podOwnedBy("apps/v1", "StatefulSet", "db", nil)}
	a.refuse("get", http.StatusServiceUnavailable)
	s := a.follow(func(c *Config) { c.Extract.Labels = []Field{{Key: "team", From: fromNamespace}} })
	a.until("a refusal is counted", func() bool { return s.Figures().Failures > 0 })
	if s.Ready(&source) {
		t.Error("reading does not wait for the namespace")
	}
	a.refuse("get", 0)
	notify(s.found)
	a.until("the namespace is known", func() bool { return s.is("k8s.namespace.label.team", "front") && s.Ready(&source) })
	a.mu.Lock()
	defer a.mu.Unlock()
	if want := "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"; a.accepts["get"] != want {
		t.Errorf("asked for %q of a namespace, want its metadata only: %q", a.accepts["get"], want)
	}
	for _, r := range a.requests {
		if strings.HasPrefix(r, "get") && r != "get /api/v1/namespaces/shop  rv=0" {
			t.Errorf("asked for %q", r)
		}
	}
}

// TestANamespaceThatComesBackIsAskedForAgain has the last pod of a namespace go
// with its logs, and another one come at once: what the namespace's annotations
// say must be known before a line of it is read.
func TestANamespaceThatComesBackIsAskedForAgain(t *testing.T) {
	a := newAPI(t)
	p := podOwnedBy("apps/v1", "StatefulSet", "db", nil)
	a.pods = []*corev1.Pod{p}
	s := a.follow(followAll)
	a.until("its log is read", func() bool { return s.Ready(&source) })
	a.until("changes are watched", func() bool { return s.Figures().Watching })
	a.tell("DELETED", p)
	a.until("it is gone", func() bool { return s.Figures().Gone == 1 })
	s.sweep(time.Now().Add(time.Hour))
	a.until("the namespace is forgotten", func() bool {
		notify(s.found)
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.namespaces) == 0
	})
	a.tell("ADDED", p)
	a.until("the log of the next pod is read", func() bool { return s.Ready(&source) })
	if f := s.Figures(); f.Missed != 0 {
		t.Errorf("it was read without its namespace: %+v", f)
	}
}

func TestNothingWaitsForNamespacesWithoutTheRightToThem(t *testing.T) {
	a := newAPI(t)
	a.pods = []*corev1.Pod{podOwnedBy("apps/v1", "StatefulSet", "db", nil)}
	a.refuse("get", http.StatusForbidden)
	s := a.follow(followAll)
	a.until("its log is read", func() bool { return s.Ready(&source) })
	if f := s.Figures(); f.Missed != 0 || f.Failures == 0 {
		t.Errorf("figures: %+v", f)
	}
}
