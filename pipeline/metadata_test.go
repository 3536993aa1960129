package pipeline

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/config"
)

// podList has the pod that nodes have, as one of a stateful set.
const podList = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{
	"namespace":"shop","name":"cart-0","uid":"0d9a2a5e-0000-4000-8000-000000000001","labels":{"tier":"front"},
	"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"carts","controller":true,"uid":"u"}]}}]}`

// apiServer answers every list with it, and has nothing to tell to watches.
func apiServer(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("watch") == "" {
			fmt.Fprint(w, podList)
			return
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// withMetadata adds the processor to a configuration, and changes of its own.
func (n *node) withMetadata(address string, changes ...string) *config.Config {
	n.t.Helper()
	cfg := n.config(toConsole)
	uris := []string{fmt.Sprintf(`yaml:
receivers: {pods: {root: %q}}
processors: {kubernetes: {endpoint: %q, token_file: "", ca_file: "", wait_for_metadata_timeout: 5m}}
exporters: {console: {}}
service: {pipelines: {logs: {receivers: [pods], processors: [kubernetes], exporters: [console]}}}
`, filepath.Join(n.dir, "pods"), address)}
	for _, c := range changes {
		uris = append(uris, "yaml: "+c)
	}
	more, err := config.Load(uris)
	if err != nil {
		n.t.Fatal(err)
	}
	cfg.Receivers = more.Receivers
	cfg.Processors, cfg.Service.Pipelines = more.Processors, more.Service.Pipelines
	return cfg
}

// documents are the lines of the journal.
func (n *node) documents() (lines []string) {
	n.t.Helper()
	names, err := filepath.Glob(filepath.Join(n.dir, "state", LogsDir, "*.ndjson.gz"))
	if err != nil {
		n.t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			n.t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(z)
			lines = append(lines, strings.Split(string(b), "\n")...)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			n.t.Fatal(err)
		}
		f.Close()
	}
	return lines
}

func TestMetadataAreInTheFirstDocumentOverRestarts(t *testing.T) {
	n := newNode(t)
	address := apiServer(t)
	for life := range 2 {
		text := fmt.Sprintf("first of life %d", life)
		n.write(text)
		_, stop := n.startWith(n.withMetadata(address))
		n.until("the line is printed", func() bool { return strings.Contains(n.out.String(), text) })
		stop()
		// In the second life nobody answers: what is known is in a file.
		address = "http://127.0.0.1:1"
	}
	found := 0
	for _, doc := range n.documents() {
		if strings.Contains(doc, "first of life") {
			found++
			if !strings.Contains(doc, `"service.name":"carts"`) || !strings.Contains(doc, `"k8s.statefulset.name":"carts"`) {
				t.Error(doc)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d documents, want 2", found)
	}
}
