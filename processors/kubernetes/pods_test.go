package kubernetes

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
)

// logs are the files that a test says are there. They are told of changes by
// several goroutines, and asked by the test when those have ended.
type logs struct {
	mu         sync.Mutex
	identities []string
	refreshed  []string
	rescans    int
}

func (l *logs) Refresh(podUID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refreshed = append(l.refreshed, podUID)
}

func (l *logs) Rescan() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rescans++
}

func (l *logs) Identities() []string { return l.identities }

func newPods(t *testing.T, file string, change func(*Config)) (*Pods, *logs) {
	t.Helper()
	c := DefaultConfig()
	c.Endpoint, c.TokenFile, c.CAFile, c.Annotations = "http://127.0.0.1:1", "", "", nil
	if change != nil {
		change(&c)
	}
	s, err := New(c, Options{Node: "node", FS: vfs.OS{}, File: file, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l := new(logs)
	s.files = l
	return s, l
}

func (s *Pods) learn(t *testing.T, p *corev1.Pod) {
	t.Helper()
	if err := (store{s}).Update(p); err != nil {
		t.Fatal(err)
	}
}

var source = event.Source{
	Namespace: "shop", Pod: "pod-1", PodUID: "uid", ContainerName: "c",
	Resource: []event.Attr{{Name: serviceName, Value: `"c"`}, {Name: "k8s.pod.name", Value: `"pod-1"`}},
}

func TestReadingWaitsForAPodOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newPods(t, "", nil)
		if !s.Ready(&event.Source{Container: "/var/log/app.log"}) {
			t.Error("a log of no pod waits")
		}
		for range 10 {
			if s.Ready(&source) {
				t.Fatal("it does not wait")
			}
			time.Sleep(time.Second)
		}
		if !s.Ready(&source) {
			t.Error("it waits for longer than configured")
		}
		other := source
		other.ContainerName = "sidecar"
		if !s.Ready(&other) {
			t.Error("a second container of the pod waits once more")
		}
		if f := s.Figures(); f.Missed != 1 || f.Waited != 10*time.Second || f.Unknown != 1 {
			t.Errorf("figures: %+v", f)
		}
		s.learn(t, podOwnedBy("", "", "", nil))
		if f := s.Figures(); !s.Ready(&source) || s.Figures().Unknown != 0 || f.Missed != 1 {
			t.Errorf("figures: %+v", f)
		}
	})
}

func TestWhatIsConfiguredStays(t *testing.T) {
	s, _ := newPods(t, "", nil)
	p := podOwnedBy("apps/v1", "StatefulSet", "db", nil)
	p.Spec.Containers = []corev1.Container{{Name: "c", Image: "postgres:17"}}
	s.learn(t, p)
	for before, want := range map[string]string{`"c"`: `"db"`, `"set by hand"`: `"set by hand"`} {
		src := source
		src.Resource = []event.Attr{{Name: serviceName, Value: before}}
		shared := src.Resource
		s.Processor().Open(&src)
		if src.Resource[0].Value != want || shared[0].Value != before {
			t.Errorf("%s became %s, and the receiver's own %s", before, src.Resource[0].Value, shared[0].Value)
		}
		if !strings.Contains(src.Resource[1].Name, "statefulset") {
			t.Errorf("attributes: %v", src.Resource)
		}
	}
}

func TestLogsAreDescribedAnewOnlyWhenSomethingChanged(t *testing.T) {
	s, l := newPods(t, "", nil)
	p := podOwnedBy("apps/v1", "StatefulSet", "db", nil)
	s.learn(t, p)
	p.Annotations = map[string]string{"unasked": "1"}
	p.Status.Phase = corev1.PodRunning
	s.learn(t, p)
	if len(l.refreshed) != 1 {
		t.Errorf("described anew: %v", l.refreshed)
	}
	p.Labels = map[string]string{"app.kubernetes.io/name": "postgres"}
	s.learn(t, p)
	if len(l.refreshed) != 2 {
		t.Errorf("described anew: %v", l.refreshed)
	}
}

func TestADeletedPodIsKnownUntilItsLogsAreGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubernetes", "pods.json")
	s, l := newPods(t, file, nil)
	l.identities = []string{"/var/log/nginx", "shop_pod-1_uid/c/0"}
	s.learn(t, podOwnedBy("apps/v1", "StatefulSet", "db", nil))
	if err := (store{s}).Replace(nil, ""); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	s.sweep(later)
	if f := s.Figures(); f.Gone != 1 || len(s.attributes(&source)) == 0 {
		t.Fatalf("it was forgotten while it has logs: %+v", f)
	}
	s.save()

	s, _ = newPods(t, file, nil)
	if f := s.Figures(); f.Gone != 1 || !s.Ready(&source) || len(s.attributes(&source)) == 0 {
		t.Fatalf("it was forgotten in a restart: %+v", f)
	}
	s.sweep(time.Now())
	if f := s.Figures(); f.Gone != 1 {
		t.Fatalf("it was forgotten before its logs can have been found: %+v", f)
	}
	s.sweep(later)
	if f := s.Figures(); f.Gone != 0 {
		t.Errorf("it is still known: %+v", f)
	}
}

func TestAFileThatMakesNoSenseIsNotUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pods.json")
	const whole = `{"Version":2,"Node":"node","Pods":[{"UID":"uid","Attributes":[{"Name":"a","Value":"1"}]}]}`
	for _, tt := range []struct {
		text string
		pods int
	}{
		{whole, 1},
		{strings.Replace(whole, `"node"`, `"other"`, 1), 0},
		{strings.Replace(whole, "2", "1", 1), 0},
		{strings.Replace(whole, `"Value":"1"`, `"Value":"}"`, 1), 0},
		{whole[:40], 0},
		{`{"Version":2,"Node":"node","Pods":[null]}`, 0},
		{"", 0},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := newPods(t, file, nil)
		if n := s.Figures().Pods; n != tt.pods {
			t.Errorf("%s: %d pods, want %d", tt.text, n, tt.pods)
		}
	}
}
