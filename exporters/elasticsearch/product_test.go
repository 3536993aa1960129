package elasticsearch

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// introduced is an exporter to a server that answers GET / as the test says,
// and bulk requests of one document.
func introduced(t *testing.T, answer http.HandlerFunc) (e *Exporter, asked, bulks *atomic.Int32) {
	asked, bulks = new(atomic.Int32), new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			asked.Add(1)
			answer(w, r)
			return
		}
		bulks.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, oneItem)
	}))
	t.Cleanup(s.Close)
	c := DefaultConfig()
	c.Endpoint = s.URL
	e, err := New(c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e, asked, bulks
}

// answersWith is a handler with headers of the test's.
func answersWith(status int, kind, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestWhoTakesDocuments: an address is asked once what it is, and documents go
// to Elasticsearch, to OpenSearch, and to what does not say; not to what is
// clearly something else.
func TestWhoTakesDocuments(t *testing.T) {
	const json, html = "application/json", "text/html"
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   shipping.Verdict
		// asked is how often GET / comes with three requests.
		asked int32
	}{
		{"Elasticsearch", answersWith(200, json, `{"version":{"number":"9.5.3"},"tagline":"You Know, for Search"}`, "X-Elastic-Product", "Elasticsearch"), shipping.Answered, 1},
		{"Elasticsearch without its root handler", answersWith(405, json, `{"error":"Incorrect HTTP method"}`, "X-Elastic-Product", "Elasticsearch"), shipping.Answered, 1},
		{"Elasticsearch before 7.14", answersWith(200, json, `{"version":{"number":"7.10.2"}}`), shipping.Answered, 1},
		// As OpenSearch 3.8.0 answers.
		{"OpenSearch", answersWith(200, json, `{"name":"Node 1","cluster_name":"t","version":{"distribution":"opensearch","number":"3.8.0","build_type":"unknown","minimum_wire_compatibility_version":"2.19.0"},"tagline":"The OpenSearch Project: https://opensearch.org/"}`, "X-OpenSearch-Version", "OpenSearch/3.8.0 (opensearch)"), shipping.Answered, 1},
		{"without the privilege", answersWith(403, json, `{"error":{"type":"security_exception","reason":"action [cluster:monitor/main] is unauthorized"},"status":403}`), shipping.Answered, 1},
		{"without credentials", answersWith(401, json, `{}`), shipping.Answered, 3},
		{"a gateway for bulk requests only", answersWith(404, html, `<html>not found</html>`), shipping.Answered, 1},
		{"a web server", answersWith(200, html, "<html>Welcome to nginx!</html>", "Server", "nginx/1.22"), shipping.Denied, 3},
		{"another database", answersWith(200, json, `{"couchdb":"Welcome","version":"3.3.3"}`), shipping.Denied, 3},
		{"a proxy without backend", answersWith(503, html, "<html>unavailable</html>"), shipping.Unavailable, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, asked, bulks := introduced(t, c.answer)
			for range 3 {
				if r := export(t, e, `{}`); r.Verdict != c.want {
					t.Fatalf("verdict %d: %s", r.Verdict, r.Reason)
				}
			}
			if n := asked.Load(); n != c.asked {
				t.Errorf("it was asked %d times what it is, want %d", n, c.asked)
			}
			if sent := bulks.Load() > 0; sent != (c.want == shipping.Answered) {
				t.Errorf("documents were sent: %v", sent)
			}
		})
	}
}

// TestAStrangerIsNamed: what was found, where, and what cures it; delivery goes
// on once the right server answers.
func TestAStrangerIsNamed(t *testing.T) {
	var right atomic.Bool
	e, _, _ := introduced(t, func(w http.ResponseWriter, r *http.Request) {
		if right.Load() {
			answersWith(200, "application/json", `{"version":{"number":"8.19.8"}}`)(w, r)
			return
		}
		answersWith(200, "text/html", "<html>Welcome\x1b[31m to nginx!</html>", "Server", "nginx/1.22")(w, r)
	})
	r := export(t, e, `{}`)
	for _, part := range []string{"http://127.0.0.1", "nginx/1.22", "Welcome", "neither Elasticsearch nor OpenSearch"} {
		if !strings.Contains(r.Reason, part) {
			t.Errorf("%q is not in the reason: %s", part, r.Reason)
		}
	}
	if r.Cure == "" || strings.Contains(r.Reason, "\x1b") {
		t.Errorf("cure %q, reason %q", r.Cure, r.Reason)
	}
	right.Store(true)
	if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
		t.Errorf("verdict %d: %s", r.Verdict, r.Reason)
	}
}
