package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/doctor"
)

// written keeps a log growing until the test ends.
func written(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	line := time.Now().UTC().Format(time.RFC3339Nano) + " stdout F " + strings.Repeat("x", 1000) + "\n"
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if _, err := f.WriteString(line); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended; f.Close() })
}

// Doctor measures how fast a container writes, and says how long its log and
// the journal hold that; it asks the servers of the exporters.
func TestDoctorMeasuresAndAsks(t *testing.T) {
	dir := t.TempDir()
	written(t, filepath.Join(dir, "pods/shop_cart-0_0d9a2a5e-0000-4000-8000-000000000001/cart/0.log"))
	kubelet := filepath.Join(dir, "root/var/lib/kubelet/config.yaml")
	if err := os.MkdirAll(filepath.Dir(kubelet), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kubelet, []byte("containerLogMaxSize: 4Ki\ncontainerLogMaxFiles: 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	es := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"version":{"number":"9.1.0"}}`)
	}))
	defer es.Close()
	configured := []string{fmt.Sprintf(`yaml:
receivers: {pods: {root: %q}}
exporters:
  elasticsearch: {endpoints: [%q], pipeline: geo}
  rabbitmq: {endpoints: ["amqp://127.0.0.1:1"], user: anna, password: secret-of-anna, max_length_bytes: 10GiB}
service:
  node: test
  journal: {directory: %q, max_size: 64MiB, min_free: 0%%}
  telemetry: {metrics: {address: ""}}
  pipelines: {logs: {receivers: [pods], exporters: [elasticsearch, rabbitmq]}}
`, filepath.Join(dir, "pods"), es.URL, filepath.Join(dir, "state"))}
	slow := doctor.Finding{Check: "rotation", State: doctor.Wrong, Says: "shop/cart-0/cart writes ", Cure: "containerLogMaxSize"}
	var all []doctor.Finding
	// The writer may not have had its turn while doctor looked.
	for end := time.Now().Add(time.Minute); !among(all, slow) && time.Now().Before(end); {
		e := examination{root: filepath.Join(dir, "root"), measure: 300 * time.Millisecond}
		all = e.examine(t.Context(), configured, kinds)
	}
	for _, want := range []doctor.Finding{
		slow,
		{Check: "buffers", State: doctor.Warning, Says: "without a backend; then the log files hold 0 s", Cure: "max_size"},
		{Check: "buffers", State: doctor.OK, Says: "rabbitmq: the 10 GiB of its queue hold "},
		{Check: "elasticsearch", State: doctor.OK, Says: es.URL + ": Elasticsearch 9.1.0 answers"},
		{Check: "elasticsearch", State: doctor.Wrong, Says: es.URL + ": it has no ingest pipeline geo", Cure: "PUT"},
	} {
		if !among(all, want) {
			t.Errorf("no %+v in %+v", want, all)
		}
	}
	e := examination{offline: true}
	for _, f := range e.examine(t.Context(), []string{"yaml: {receivers: {pods: {}}, exporters: {elasticsearch: {endpoint: " + es.URL + "}}, service: {journal: {directory: " + dir + "}, pipelines: {logs: {receivers: [pods], exporters: [elasticsearch]}}}}"}, kinds) {
		if f.Check == "elasticsearch" || f.Check == "rotation" || f.Check == "buffers" {
			t.Errorf("neither asked nor measured: %+v", f)
		}
	}
}

func among(all []doctor.Finding, want doctor.Finding) bool {
	for _, f := range all {
		if f.Check == want.Check && f.State == want.State && strings.Contains(f.Says, want.Says) && strings.Contains(f.Cure, want.Cure) {
			return true
		}
	}
	return false
}

// Doctor asks each node of a broker by itself, of exporters and receivers.
func TestDoctorAsksBrokers(t *testing.T) {
	dir := t.TempDir()
	configured := []string{fmt.Sprintf(`yaml:
receivers: {rabbitmq: {endpoints: ["amqp://127.0.0.1:1"], user: anna, password: secret-of-anna}}
exporters: {rabbitmq: {endpoints: ["amqp://127.0.0.1:1", "amqps://127.0.0.1:2"], user: anna, password: secret-of-anna}}
service:
  journal: {directory: %q}
  telemetry: {metrics: {address: ""}}
  pipelines: {logs: {receivers: [rabbitmq], exporters: [rabbitmq]}}
`, dir)}
	all := (&examination{}).examine(t.Context(), configured, kinds)
	for _, address := range []string{"amqp://127.0.0.1:1: ", "amqps://127.0.0.1:2: "} {
		if !among(all, doctor.Finding{Check: "rabbitmq", State: doctor.Wrong, Says: address + "no connection to 127.0.0.1:"}) {
			t.Errorf("nothing of %s in %+v", address, all)
		}
	}
	if got := fmt.Sprint(all); strings.Contains(got, "secret-of-anna") || strings.Count(got, "connection refused") != 3 {
		t.Error(got)
	}
}
