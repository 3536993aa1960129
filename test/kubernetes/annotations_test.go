package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/test/oracle"
)

const following = "    wait_for_metadata_timeout: 10m\n"

// annotate changes annotations of a pod; nil takes one away.
func (n *node) annotate(r run, annotations kube.JSON) {
	n.TB.Helper()
	n.cluster.Patch(r.namespace, r.pod, kube.JSON{"metadata": kube.JSON{"annotations": annotations}})
}

// annotated makes a pod of one container.
func (n *node) annotated(namespace, pod string, annotations kube.JSON) run {
	n.TB.Helper()
	r := run{namespace: namespace, pod: pod, container: "c"}
	r.uid = n.cluster.Pod(namespace, nodeName, kube.JSON{"name": pod, "annotations": annotations}, containerOf("c", "c"))
	return r
}

// stream is the dataset and the namespace of the data stream that a line went to.
func (n *node) stream(text string) (found string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "there is a document of "+text, func() (bool, string) {
		items, err := oracle.ReadJournal(n.Segments())
		if err != nil {
			n.TB.Fatal(err)
		}
		for _, i := range items {
			var doc struct {
				Body   struct{ Text string }
				Stream struct{ Dataset, Namespace string } `json:"data_stream"`
			}
			if err := json.Unmarshal(i.Doc, &doc); err != nil {
				n.TB.Fatal(err)
			}
			if doc.Body.Text == text {
				found = doc.Stream.Dataset + "/" + doc.Stream.Namespace
				return true, ""
			}
		}
		return false, n.agent.Tail()
	})
	return found
}

// goesTo writes lines until one goes to a data stream.
func (n *node) goesTo(r run, stream string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "lines go to "+stream, func() (bool, string) {
		got := n.stream(n.log(r))
		return got == stream, fmt.Sprintf("they go to %s\n%s", got, n.agent.Tail())
	})
}

// unread waits until no log is open, and a number is excluded.
func (n *node) unread(excluded int) {
	n.TB.Helper()
	n.figure("tailrace_receiver_files", excluded, `state="excluded"`)
	n.figure("tailrace_receiver_open_files", 0)
}

// readAgain writes lines until one is read, and returns the first that was.
func (n *node) readAgain(r run) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "the log is read", func() (bool, string) {
		n.log(r)
		for i := n.lines; i > 0; i-- {
			if n.find(fmt.Sprintf("line %d of %s", i, r.pod)) != nil {
				return true, ""
			}
		}
		return false, n.agent.Tail()
	})
}

// lostNothing checks that nothing counts as lost.
func (n *node) lostNothing() {
	n.TB.Helper()
	n.figure("tailrace_receiver_lost_bytes_total", 0)
	n.figure("tailrace_receiver_unidentified_lost_bytes_total", 0)
}

// TestAnnotationsAreFollowed changes annotations in a real API server while logs
// are written, and judges by what arrives.
func TestAnnotationsAreFollowed(t *testing.T) {
	t.Parallel()
	n := newNode(t, following)
	n.start()
	web := n.annotated("shop", "web", kube.JSON{"tailrace.io/data-stream-dataset.c": "Check-Out", "tailrace.io/data-stream-namespace": "team-a"})

	step(t, "from the first line on", func(t *testing.T) {
		if got := n.stream(n.log(web)); got != "check_out.otel/team-a" {
			t.Errorf("the first line went to %s", got)
		}
	})

	step(t, "they change and go", func(t *testing.T) {
		n.annotate(web, kube.JSON{"tailrace.io/data-stream-dataset.c": "basket"})
		n.goesTo(web, "basket.otel/team-a")
		n.annotate(web, kube.JSON{"tailrace.io/data-stream-dataset.c": nil, "tailrace.io/data-stream-namespace": nil})
		n.goesTo(web, "generic.otel/default")
	})

	step(t, "a log that is excluded is not read, however it is rotated, and not lost", func(t *testing.T) {
		n.annotate(web, kube.JSON{"tailrace.io/exclude": "true"})
		n.unread(1)
		secret := []string{n.log(web), n.rotate(web, "20260305-101112")}
		if err := os.Remove(n.Path("pods", web.dir(), "0.log.20260305-101112")); err != nil {
			t.Fatal(err)
		}
		secret = append(secret, n.log(web), n.rotate(web, "20260305-111112"), n.log(web))
		n.annotate(web, kube.JSON{"tailrace.io/exclude": nil})
		n.readAgain(web)
		for _, text := range secret {
			if n.find(text) != nil {
				t.Errorf("%s was read", text)
			}
		}
		n.lostNothing()
	})

	step(t, "what others call it means the same", func(t *testing.T) {
		for _, annotation := range []kube.JSON{
			{"co.elastic.logs/enabled": "false"}, {"co.elastic.logs.c/enabled": "false"},
			{"fluentbit.io/exclude": "true"}, {"fluentbit.io/exclude-c": "true"},
		} {
			n.annotate(web, annotation)
			n.unread(2) // The live file and the rotated one.
			secret := n.log(web)
			for key := range annotation {
				annotation[key] = nil
			}
			n.annotate(web, annotation)
			n.readAgain(web)
			if n.find(secret) != nil {
				t.Errorf("%v: the line was read", annotation)
			}
		}
		n.lostNothing()
	})

	step(t, "sampled lines are counted", func(t *testing.T) {
		n.annotate(web, kube.JSON{"tailrace.io/sample": "1000000"})
		testkit.Eventually(t, "lines are left out", func() (bool, string) {
			n.log(web)
			f, err := n.Figures()
			return err == nil && f.Sum("tailrace_processor_dropped_log_records_total", `rule="annotation sample"`) > 0, n.agent.Tail()
		})
	})
}

// rotate writes a line and renames the log as the kubelet does.
func (n *node) rotate(r run, when string) (text string) {
	n.TB.Helper()
	text = n.log(r)
	name := n.Path("pods", r.dir(), fmt.Sprintf("%d.log", r.restart))
	if err := os.Rename(name, name+"."+when); err != nil {
		n.TB.Fatal(err)
	}
	return text
}

// TestSettingsOutliveTheAPIAndTheAgent starts an agent anew while there is no API
// server: what annotations said last holds from the first line on.
func TestSettingsOutliveTheAPIAndTheAgent(t *testing.T) {
	t.Parallel()
	n := newNode(t, following)
	n.cluster.Namespace("bank", nil)
	n.cluster.Must("PATCH", "/api/v1/namespaces/bank", kube.JSON{"metadata": kube.JSON{"annotations": kube.JSON{"tailrace.io/exclude": "true"}}})
	n.start()
	web := n.annotated("shop", "web", kube.JSON{"tailrace.io/data-stream-dataset": "basket"})
	secret := n.annotated("bank", "vault", nil)
	open := n.annotated("bank", "door", kube.JSON{"tailrace.io/exclude": "false"})
	hidden := n.log(secret)
	n.goesTo(web, "basket.otel/default")
	n.goesTo(open, "generic.otel/default")
	n.kept("basket", "tailrace.io/exclude of namespace bank", "door")
	n.figure("tailrace_receiver_files", 1, `state="excluded"`)

	n.agent.Kill()
	n.cluster.Kill()
	hiddenToo := n.log(secret)
	n.start()
	n.goesTo(web, "basket.otel/default")
	n.goesTo(open, "generic.otel/default")
	n.figure("tailrace_receiver_files", 1, `state="excluded"`)
	for _, text := range []string{hidden, hiddenToo} {
		if n.find(text) != nil {
			t.Errorf("%s was read", text)
		}
	}
	n.lostNothing()
}

// TestHostileAnnotationsHarmNobody has a pod say everything wrong that an API
// server takes.
func TestHostileAnnotationsHarmNobody(t *testing.T) {
	t.Parallel()
	n := newNode(t, following)
	n.start()
	good := n.annotated("shop", "good", kube.JSON{"tailrace.io/data-stream-dataset": "basket"})
	bad := n.annotated("shop", "bad", kube.JSON{
		"tailrace.io/sample":                "-1",
		"tailrace.io/exclude":               "\x1b[2J\x1b]0;owned\a",
		"tailrace.io/format":                strings.Repeat("x", 200_000),
		"tailrace.io/format.nobody":         "json",
		"tailrace.io/unheard-of":            "1",
		"tailrace.io/data-stream-dataset":   "../../*\\\"<>|,#: \x00",
		"tailrace.io/data-stream-namespace": strings.Repeat("ÄÖ", 200),
	})
	n.stream(n.log(bad))
	if got := n.stream(n.log(good)); got != "basket.otel/default" {
		t.Errorf("the other pod's line went to %s", got)
	}
	n.figure("tailrace_processor_kubernetes_bad_annotations", 5)
	out, code := testkit.Output(t, testkit.Agent(t), "status", "--config", n.config)
	if code != 0 || strings.ContainsAny(out, "\x1b\a") {
		t.Errorf("status ended with %d:\n%q", code, out)
	}
	for _, want := range []string{
		"annotation tailrace.io/sample of pod shop/bad is not followed: ", "there is no such setting: write tailrace.io/exclude",
		`the pod has no container \"nobody\": it has \"c\"`, "the value has 200000 bytes", "is neither true nor false",
	} {
		if !strings.Contains(out, want) && !strings.Contains(out, strings.ReplaceAll(want, `\"`, `"`)) {
			t.Errorf("status does not say %s:\n%s", want, out)
		}
	}
	n.annotate(bad, kube.JSON{
		"tailrace.io/sample": nil, "tailrace.io/exclude": nil, "tailrace.io/format": nil, "tailrace.io/format.nobody": nil, "tailrace.io/unheard-of": nil,
	})
	n.figure("tailrace_processor_kubernetes_bad_annotations", 0)
}
