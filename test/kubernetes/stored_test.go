package kubernetes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/test/oracle"
)

// document is what is stored of a record.
type document struct {
	Body       struct{ Text string }
	Attributes attributes
	Stream     struct{ Dataset string } `json:"data_stream"`
	Resource   struct {
		Attributes struct {
			Pod       string `json:"k8s.pod.name"`
			Container string `json:"k8s.container.name"`
		}
	}
	text []byte
}

// want is a document by its body, dataset and some attributes; nil is for one
// that there is not.
type want struct {
	body, dataset string
	attributes    attributes
}

func (w want) check(t *testing.T, got document) {
	t.Helper()
	if got.Body.Text != w.body || got.Stream.Dataset != w.dataset {
		t.Errorf("stored is %q in %s, want %q in %s", got.Body.Text, got.Stream.Dataset, w.body, w.dataset)
	}
	for name, value := range w.attributes {
		if !reflect.DeepEqual(got.Attributes[name], value) {
			t.Errorf("%s is %#v, want %#v in %s", name, got.Attributes[name], value, got.text)
		}
	}
}

// pair makes a pod of two containers: of one that annotations name by their
// suffix, and of another.
func (n *node) pair(pod string, annotations kube.JSON) (named, other run) {
	n.TB.Helper()
	named = run{namespace: "shop", pod: pod, container: "named"}
	named.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": pod, "annotations": annotations},
		containerOf("named", "c"), containerOf("other", "c"))
	other = named
	other.container = "other"
	return named, other
}

// recorded are the documents of a container in the journal, in its order.
func (n *node) recorded(r run) (all []document) {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, i := range items {
		d := document{text: i.Doc}
		if err := json.Unmarshal(i.Doc, &d); err != nil {
			n.TB.Fatal(err)
		}
		if of := d.Resource.Attributes; of.Pod == r.pod && of.Container == r.container {
			all = append(all, d)
		}
	}
	return all
}

// stored writes lines and another one, and returns the documents before that
// one's: they are all that the lines have become.
func (n *node) stored(r run, lines []string) (before []document) {
	n.TB.Helper()
	n.lines++
	last := fmt.Sprintf("line %d of %s", n.lines, r.pod)
	n.write(r, append(slices.Clone(lines), last)...)
	testkit.Eventually(n.TB, "there is a document of "+last, func() (bool, string) {
		all := n.recorded(r)
		end := slices.IndexFunc(all, func(d document) bool { return d.Body.Text == last })
		if end < 0 {
			return false, n.agent.Tail()
		}
		before = all[:end]
		return true, ""
	})
	return before
}

// delivered waits until the sink has stored each document of the journal, the
// same bytes, and nothing else.
func (n *node) delivered() {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	n.Drained(n.sink, n.agent, len(items))
	arrivals, err := oracle.ReadRecord(n.sink.Record)
	if err != nil {
		n.TB.Fatal(err)
	}
	hashes := make(map[string]string)
	for _, a := range arrivals {
		hashes[a.ID] = a.Hash
	}
	if len(hashes) != len(items) {
		n.TB.Errorf("%d documents are stored of %d", len(hashes), len(items))
	}
	for _, i := range items {
		if hashes[i.ID] != oracle.ArrivalOf(i).Hash {
			n.TB.Errorf("stored is another document than %s", i.Doc)
		}
	}
}

const (
	combined = `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /cart HTTP/1.1" 200 512 "-" "curl/8"`
	layout   = `$remote_addr - rt=$request_time up="$upstream_addr" geo=$geoip_country_code [$time_local] "$request" $status`
	laidOut  = `203.0.113.9 - rt=0.250 up="10.0.0.7:8080" geo=DE [05/Mar/2026:10:11:12 +0000] "GET /cart?b=1 HTTP/1.1" 502`
	payment  = "paid with 4111 1111 1111 1111 at the till"
)

var trace = []string{
	"Traceback (most recent call last):",
	`  File "/app/shop.py", line 24, in take`,
	"    pay(order)",
	"ZeroDivisionError: division by zero",
}

// followed is what annotations that name a container do to its lines, beside
// those of the other container of the pod.
var followed = []struct {
	pod          string
	annotations  kube.JSON
	lines        []string
	named, other []want
}{
	{
		"format", kube.JSON{"tailrace.io/format.named": "apache"}, []string{combined},
		[]want{{combined, "apache.access.otel", attributes{"http.response.status_code": 200.0, "http.response.body.size": 512.0, "user.name": "ann"}}},
		[]want{{combined, "nginx.access.otel", attributes{"http.response.status_code": 200.0}}},
	}, {
		"log-format", kube.JSON{"tailrace.io/format.named": "nginx", "tailrace.io/log-format.named": layout}, []string{laidOut},
		[]want{{laidOut, "nginx.access.otel", attributes{
			"http.server.request.duration": 0.25, "http.response.status_code": 502.0, "nginx.upstream_addr": []any{"10.0.0.7:8080"},
			"nginx.geoip_country_code": "DE", "url.path": "/cart", "url.query": "b=1", "client.address": "203.0.113.9",
		}}},
		[]want{{laidOut, "generic.otel", attributes{"http.server.request.duration": nil, "http.response.status_code": nil}}},
	}, {
		"multiline", kube.JSON{"tailrace.io/multiline.named": "off"}, trace,
		[]want{{trace[0], "generic.otel", attributes{"exception.type": nil}}, {trace[1], "generic.otel", nil}, {trace[2], "generic.otel", nil}, {trace[3], "generic.otel", nil}},
		[]want{{trace[3], "generic.otel", attributes{"exception.type": "ZeroDivisionError", "exception.message": "division by zero"}}},
	}, {
		"redact", kube.JSON{"tailrace.io/redact.named": "cards"}, []string{payment},
		[]want{{"paid with REDACTED at the till", "generic.otel", nil}},
		[]want{{payment, "generic.otel", nil}},
	}, {
		"dataset", kube.JSON{"tailrace.io/data-stream-dataset": "Shop", "tailrace.io/data-stream-dataset.named": "Check-Out"}, []string{combined},
		[]want{{combined, "check_out.otel", attributes{"http.response.status_code": 200.0}}},
		[]want{{combined, "shop.otel", attributes{"http.response.status_code": 200.0}}},
	},
}

// TestStoredDocumentsShowWhatAnnotationsSay has a real API server tell of the
// annotations, and compares what is stored of the same lines.
func TestStoredDocumentsShowWhatAnnotationsSay(t *testing.T) {
	t.Parallel()
	n := newNode(t, following)
	n.sink = n.StartSink("sink", "ok")
	n.configure(following)
	n.start()
	for _, f := range followed {
		t.Log(f.pod)
		named, other := n.pair(f.pod, f.annotations)
		n.compare(t, named, f.lines, f.named)
		n.compare(t, other, f.lines, f.other)
	}
	for _, d := range n.recorded(run{pod: "redact", container: "named"}) {
		if bytes.Contains(d.text, []byte("4111")) {
			t.Errorf("the number is in %s", d.text)
		}
	}
	step(t, "sample", n.samples)
	n.figure("tailrace_processor_kubernetes_bad_annotations", 0)
	n.delivered()
}

func (n *node) compare(t *testing.T, r run, lines []string, wanted []want) {
	t.Helper()
	got := n.stored(r, lines)
	if len(got) != len(wanted) {
		t.Fatalf("%s of %s: %d records are stored, want %d: %+v", r.container, r.pod, len(got), len(wanted), got)
	}
	for i, w := range wanted {
		w.check(t, got[i])
	}
}

// samples has one record in ten kept of one container. Which is by chance, as
// pods have other UIDs in each run: 2000 lines leave 200, and 100 more or less
// are seven standard deviations.
func (n *node) samples(t *testing.T) {
	const lines, each = 2000, 10
	named, other := n.pair("sample", kube.JSON{"tailrace.io/sample.named": fmt.Sprint(each)})
	written := make([]string, lines)
	for i := range written {
		written[i] = fmt.Sprintf("order %d is placed", i)
	}
	n.write(named, written...)
	testkit.Eventually(t, "each line is stored or counted", func() (bool, string) {
		f, err := n.Figures()
		if err != nil {
			return false, err.Error()
		}
		kept, dropped := len(n.recorded(named)), f.Sum("tailrace_processor_dropped_log_records_total", `rule="annotation sample"`)
		return kept+dropped == lines, fmt.Sprintf("%d are stored, %d are counted\n%s", kept, dropped, n.agent.Tail())
	})
	if kept := len(n.recorded(named)); kept < lines/each-100 || kept > lines/each+100 {
		t.Errorf("%d of %d are kept, want about one in %d", kept, lines, each)
	}
	if kept := len(n.stored(other, written)); kept != lines {
		t.Errorf("%d of %d are kept of a container that is not sampled", kept, lines)
	}
}
