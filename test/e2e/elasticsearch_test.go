// Package e2e runs the real agent with real programs around it.
package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/test/oracle"
)

// server is the one that tests take turns with that do not look at all of it.
var server elastic.Shared

func TestMain(m *testing.M) {
	status := m.Run()
	server.Stop()
	os.Exit(status)
}

func elasticsearchConfig(r *testkit.Rig, es *elastic.Server) string {
	return r.Configure(fmt.Sprintf(`
receivers:
  pods: {root: %s}
  files/edge: {include: [%s]}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 200ms, bytes: 1MiB}}
`, r.Path("pods"), r.Path("nginx", "logs", "*.log"), es.URL),
		"    logs: {receivers: [pods, files/edge], exporters: [elasticsearch]}\n")
}

// TestElasticsearchHoldsEveryLineOnce kills the agent and Elasticsearch while
// lines are written, and then reads back every document.
func TestElasticsearchHoldsEveryLineOnce(t *testing.T) {
	t.Parallel()
	es := elastic.Start(t, elastic.Options{})
	es.TakeLogs("default")
	r := testkit.NewRig(t)
	config := elasticsearchConfig(r, es)
	agent := r.StartAgent(config)
	generator := r.Generate("-containers", "4", "-rate", "800", "-limit", "131072")

	time.Sleep(2 * time.Second)
	agent.Kill()
	agent = r.StartAgent(config)
	time.Sleep(time.Second)
	es.Kill()
	time.Sleep(time.Second)
	agent.Kill()
	agent = r.StartAgent(config)
	es.Restart()
	time.Sleep(time.Second)
	generator.Stop()

	account := r.Account()
	testkit.Eventually(t, "Elasticsearch has everything", func() (bool, string) {
		n := es.Count("logs-*", "*")
		return n >= len(account.Entries), fmt.Sprintf("%d of %d\n%s", n, len(account.Entries), agent.Tail())
	})
	agent.Stop()
	scan := oracle.NewJournalScan(r.Segments())
	must(t, scan.More())
	verdict := oracle.Judge(oracle.Evidence{Ledger: account, Sink: stored(es), Journal: scan.Docs})
	t.Logf("RESULT %s", strings.TrimSpace(verdict.String()))
	if len(verdict.Violations) > 0 {
		t.Error(verdict)
	}
}

// hits is the answer to a search.
type hits struct {
	Hits struct {
		Hits []elastic.Hit
	}
}

// stored reads every document of every backing index.
func stored(es *elastic.Server) []oracle.Arrival {
	var all []oracle.Arrival
	for _, h := range es.All("logs-*") {
		all = append(all, oracle.ArrivalOf(oracle.Item{Index: h.Index, ID: h.ID, Doc: h.Source}))
	}
	return all
}

func decode(t *testing.T, body string) hits {
	t.Helper()
	var h hits
	must(t, json.Unmarshal([]byte(body), &h))
	return h
}

// TestRequestsAreFoundByTheirTrace sends traced requests through a real nginx
// to a real service, and looks for both log lines of each by the client's
// trace id: on the node, and in Elasticsearch.
func TestRequestsAreFoundByTheirTrace(t *testing.T) {
	t.Parallel()
	es := server.Take(t)
	es.TakeLogs("default")
	r := testkit.NewRig(t)
	s := startSite(t, r)
	agent := r.StartAgent(elasticsearchConfig(r, es))
	sent := s.send(t, 20)

	testkit.Eventually(t, "every line is stored", func() (bool, string) {
		n := es.Count("logs-*", "url.path:* OR body.text:*")
		remark := ""
		for _, q := range sent {
			if es.Count("logs-*", "trace_id:"+q.trace) < 2 {
				remark = q.trace
			}
		}
		return remark == "", fmt.Sprintf("%d documents, but not both of %s\n%s", n, remark, agent.Tail())
	})
	for _, q := range sent {
		checkDocuments(t, es, q)
		checkScreen(t, r, q)
	}
}

// checkDocuments looks for exactly one access line and one application line.
func checkDocuments(t *testing.T, es *elastic.Server, q request) {
	t.Helper()
	page := decode(t, es.Search("/logs-*/_search?size=10", fmt.Sprintf(`{"query":{"term":{"trace_id":%q}}}`, q.trace)))
	path, _, _ := strings.Cut(q.path, "?")
	access, app := 0, 0
	for _, h := range page.Hits.Hits {
		switch {
		case strings.Contains(h.Index, "nginx.access"):
			access++
		case strings.Contains(string(h.Source), "order placed"):
			app++
		}
		if !strings.Contains(string(h.Source), path) {
			t.Errorf("trace %s has a document of another request: %s", q.trace, h.Source)
		}
	}
	if access != 1 || app != 1 {
		t.Errorf("trace %s: %d access lines and %d application lines, wanted one of each", q.trace, access, app)
	}
}

func checkScreen(t *testing.T, r *testkit.Rig, q request) {
	t.Helper()
	screen, status := testkit.Output(t, testkit.Agent(t), "trace", q.trace, "--journal", r.Path("state"))
	path, _, _ := strings.Cut(q.path, "?")
	if status != 0 || !strings.Contains(screen, "order placed") || !strings.Contains(screen, path) {
		t.Errorf("tailrace trace %s (status %d) lacks a line:\n%s", q.trace, status, screen)
	}
}
