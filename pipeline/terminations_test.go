package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/kubernetes"
)

// kubelet is an API server that lists the pod that nodes have, with a status.
type kubelet struct {
	URL string
	// annotation is one of the pod's, with the value true.
	annotation string
	status     atomic.Pointer[string]
}

func newKubelet(t *testing.T) *kubelet {
	k := &kubelet{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("watch") != "" {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{
			"namespace":"shop","name":"cart-0","uid":"0d9a2a5e-0000-4000-8000-000000000001","annotations":{%q:"true"}},
			"spec":{"containers":[{"name":"cart","image":"cart:1"}]},"status":{"containerStatuses":[%s]}}]}`, k.annotation, *k.status.Load())
	}))
	t.Cleanup(s.Close)
	k.URL = s.URL
	return k
}

// died sets that a life of the container has ended, and perhaps the one before.
func (k *kubelet) died(restart int, reason string, at time.Time, before ...string) {
	end := func(state, reason string) string {
		return fmt.Sprintf(`"%s":{"terminated":{"exitCode":137,"reason":%q,"finishedAt":%q}}`, state, reason, at.UTC().Format(time.RFC3339))
	}
	status := fmt.Sprintf(`{"name":"cart","restartCount":%d,%s`, restart, end("state", reason))
	for _, reason := range before {
		status += "," + end("lastState", reason)
	}
	status += "}"
	k.status.Store(&status)
}

// told counts the documents of a reason.
func (n *node) told(reason string) (found int) {
	for _, doc := range n.documents() {
		if strings.Contains(doc, `"k8s.container.status.reason":"`+reason+`"`) {
			found++
		}
	}
	return found
}

// TestATerminationIsToldOnceOverRestarts has each life of an agent see an end
// that the one before it has told, and a new one, once without what was kept of
// pods. What was told is in the journal's own frames.
func TestATerminationIsToldOnceOverRestarts(t *testing.T) {
	n, k := newNode(t), newKubelet(t)
	k.died(0, "Life0", time.Now())
	for life := range 3 {
		reason := fmt.Sprint("Life", life)
		a, stop := n.startWith(n.withMetadata(k.URL))
		n.until(reason+" is printed", func() bool { return strings.Contains(n.out.String(), reason) })
		stop()
		if l := a.Snapshot().Ledgers["console"]; !l.Balanced() || l.Lost != 0 || l.Pending != 0 {
			t.Error(l)
		}
		if err := os.Remove(filepath.Join(n.dir, "state", MetadataDir, "pods.json")); life == 1 && err != nil {
			t.Error(err)
		}
		k.died(life+1, fmt.Sprint("Life", life+1), time.Now(), reason)
		for _, e := range a.checkpoint.All() {
			if !e.Identity.OfFile() && e.Absent != 0 {
				t.Error("what was told is about to be forgotten, as if it were of a file that is gone")
			}
		}
	}
	for life := range 3 {
		if reason := fmt.Sprint("Life", life); n.told(reason) != 1 {
			t.Errorf("%s was told %d times", reason, n.told(reason))
		}
	}
}

// TestATerminationLooksLikeItsContainersLines checks a document.
func TestATerminationLooksLikeItsContainersLines(t *testing.T) {
	n, k := newNode(t), newKubelet(t)
	k.died(0, "OOMKilled", time.Unix(1_772_705_472, 0))
	n.write("a line")
	_, stop := n.startWith(n.withMetadata(k.URL))
	n.until("both are printed", func() bool {
		return strings.Contains(n.out.String(), "OOMKilled") && strings.Contains(n.out.String(), "a line")
	})
	stop()
	resource := func(doc string) string {
		_, rest, _ := strings.Cut(doc, `"resource":`)
		r, _, _ := strings.Cut(rest, `,"scope"`)
		return r
	}
	var line, end string
	for _, doc := range n.documents() {
		switch {
		case strings.Contains(doc, "a line"):
			line = doc
		case strings.Contains(doc, "OOMKilled"):
			end = doc
		}
	}
	if resource(line) != resource(end) || resource(end) == "" {
		t.Errorf("resources differ:\n%s\n%s", line, end)
	}
	for _, want := range []string{
		`{"@timestamp":"2026-03-05T10:11:12.999999999Z"`, `"data_stream":{"type":"logs","dataset":"kubernetes.terminations.otel","namespace":"default"}`,
		`"event_name":"k8s.container.terminated"`, `"severity_number":17,"severity_text":"ERROR"`, `"process.exit.code":137`,
		`"body":{"text":"container cart of pod shop/cart-0 terminated: OOMKilled, exit code 137, restart 0"}}`,
	} {
		if !strings.Contains(end, want) {
			t.Errorf("there is no %s in\n%s", want, end)
		}
	}
}

// TestOnlyLogsThatAreReadHaveTerminations excludes a container, turns the
// records off, and has reading begin behind an end.
func TestOnlyLogsThatAreReadHaveTerminations(t *testing.T) {
	for _, tt := range []struct {
		name, change string
		ended        time.Time
		want         int
	}{
		{"excluded", "receivers: {pods: {exclude: [shop/*/cart]}}", time.Now(), 0},
		{"excluded by its pod", "", time.Now(), 0},
		{"turned off", "processors: {kubernetes: {terminations: false}}", time.Now(), 0},
		{"ended before", "receivers: {pods: {start_at: end}}", time.Now().Add(-time.Hour), 0},
		{"ended long before", "receivers: {pods: {start_at: 1h}}", time.Now().Add(-2 * time.Hour), 0},
		{"ended since", "receivers: {pods: {start_at: 1h}}", time.Now().Add(-time.Minute), 1},
		{"ended behind the start", "receivers: {pods: {start_at: end}}", time.Now().Add(time.Minute), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, k := newNode(t), newKubelet(t)
			k.died(0, "Error", tt.ended)
			if tt.name == "excluded by its pod" {
				k.annotation = "tailrace.io/exclude"
			}
			a, stop := n.startWith(n.withMetadata(k.URL, tt.change))
			n.until("the pod is known", func() bool { return a.metadata.Figures().Pods == 1 })
			n.until("it is told", func() bool { return strings.Count(n.out.String(), "terminated") >= tt.want })
			stop()
			if got := n.told("Error"); got != tt.want {
				t.Errorf("told %d times, want %d", got, tt.want)
			}
		})
	}
}

// TestAnEndIsToldWhereReadingBeganBefore has reading begin at the end, and the
// container end while no agent runs: its log has a position, so its end counts.
func TestAnEndIsToldWhereReadingBeganBefore(t *testing.T) {
	n, k := newNode(t), newKubelet(t)
	none := `{"name":"cart"}`
	k.status.Store(&none)
	n.write("old")
	const fromTheEnd = "receivers: {pods: {start_at: end}}"
	_, stop := n.startWith(n.withMetadata(k.URL, fromTheEnd))
	n.until("lines are read", func() bool { n.write("new"); return strings.Contains(n.out.String(), "new") })
	stop()
	k.died(0, "Error", time.Now().Add(-time.Hour))
	_, stop = n.startWith(n.withMetadata(k.URL, fromTheEnd))
	n.until("it is told", func() bool { return strings.Contains(n.out.String(), "terminated") })
	stop()
}

// statuses are ends that a test makes up.
type statuses struct {
	all   []kubernetes.Termination
	ended chan struct{}
	when  verdict
}

func (s *statuses) Terminations() []kubernetes.Termination {
	return append([]kubernetes.Termination(nil), s.all...)
}
func (s *statuses) Ended() <-chan struct{} { return s.ended }

func (s *statuses) end(restart int) {
	t := kubernetes.Termination{Namespace: "shop", Pod: "cart-0", PodUID: "u", Container: "cart"}
	t.Restart = restart
	s.all = append(s.all, t)
}

// newReader is a Reader of s over the positions of a checkpoint in memory, with
// sources of a class.
func newReader(t *testing.T, s *statuses, class *string) (*terminations, *checkpoint.Store) {
	t.Helper()
	store, err := checkpoint.Open(checkpoint.Options{FS: vfs.OS{}})
	if err != nil {
		t.Fatal(err)
	}
	r := &terminations{
		ends: s, positions: store, node: "node", onOpen: func(*event.Source) {}, onClose: func(*event.Source) {},
		source: func(*kubernetes.Termination) (event.Source, verdict) { return event.Source{Class: *class}, s.when },
	}
	return r.begin(), store
}

// read counts the records that there are.
func (r *terminations) read() (records int) {
	var b event.Batch
	for r.stale = true; r.Read(&b); {
		records += len(b.Records)
		b.Source.Counts.Docs++
	}
	return records
}

// TestAFrameSpeaksForItsOwnClassOnly changes the class of a container's records
// between two of its ends: the second one waits for the frame of the first.
func TestAFrameSpeaksForItsOwnClassOnly(t *testing.T) {
	class, s := "a", &statuses{when: now}
	r, _ := newReader(t, s, &class)
	s.end(0)
	if r.read() != 1 {
		t.Fatal("nothing was read")
	}
	class = "b"
	s.end(1)
	if r.read() != 0 || !r.held {
		t.Fatal("the second was read into another frame")
	}
	if got := r.States("b", nil); got != nil {
		t.Errorf("class b: %v", got)
	}
	if got := r.States("a", nil); len(got) != 1 || got[0].Offset != 1 || got[0].Counts != (event.Counts{Lines: 1, Docs: 1}) {
		t.Errorf("class a: %+v", got)
	}
	if r.read() != 1 {
		t.Fatal("the second was not read")
	}
	if got := r.States("b", nil); len(got) != 1 || got[0].Offset != 2 {
		t.Errorf("class b: %+v", got)
	}
}

// TestARecordWaitsForItsMetadata is for the namespace of a pod.
func TestARecordWaitsForItsMetadata(t *testing.T) {
	class, s := "a", &statuses{when: later}
	r, _ := newReader(t, s, &class)
	s.end(0)
	if r.read() != 0 || !r.held {
		t.Error("it was read without")
	}
	if s.when = now; r.read() != 1 {
		t.Error("it was not read")
	}
}

// TestWhatWasToldIsForgottenWithItsPod keeps what was told of a pod as long as
// the API server tells of it, however long that is, and a day longer.
func TestWhatWasToldIsForgottenWithItsPod(t *testing.T) {
	class, s := "a", &statuses{when: now}
	r, store := newReader(t, s, &class)
	s.end(0)
	r.read()
	sealed := r.States("a", nil)
	ends := s.all
	if s.all = nil; r.read() != 0 || len(r.told) != 1 {
		t.Fatal("forgotten before it is durable")
	}
	store.Apply(&frame.Meta{Seq: 1, Sources: sealed})
	absent := func() bool { return store.All()[0].Absent != 0 }
	if r.read(); len(r.told) != 0 || !absent() {
		t.Fatalf("%d are remembered; absent: %v", len(r.told), absent())
	}
	if s.all = ends; r.read() != 0 || absent() {
		t.Error("it was told again, or is about to be forgotten")
	}
	// The next agent knows it by its journal.
	next := &terminations{ends: s, positions: store, node: "node", source: r.source, onOpen: r.onOpen, onClose: r.onClose}
	if next.begin().read() != 0 {
		t.Error("the next agent tells it again")
	}
	if s.end(1); next.read() != 1 || next.States("a", nil)[0].Counts.Lines != 1 {
		t.Error("the next end is not told, or counts what was told before")
	}
}
