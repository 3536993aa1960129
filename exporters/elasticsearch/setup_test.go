package elasticsearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/cluster"
	"github.com/tailrace/tailrace/internal/doctor"
	"github.com/tailrace/tailrace/internal/managed"
	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// TestSetUpCluster is what setup elasticsearch does to a real cluster with
// security on, and what the agent can do with the key that comes of it.
func TestSetUpCluster(t *testing.T) {
	t.Parallel()
	s := guarded.Take(t)
	securityIsReady(t, s)
	admin := settings(s)
	admin.User, admin.Password = "elastic", testPassword
	for _, mapping := range []string{"otel", "ecs"} {
		t.Run(mapping, func(t *testing.T) {
			c := &setUp{Server: s.For(t), admin: clientOf(t, admin), options: cluster.Options{Mapping: mapping}}
			c.everythingIsMade(t)
			t.Run("a second time changes nothing", c.nothingIsLeft)
			t.Run("the key suffices for delivery around a rollover", c.keySuffices)
			t.Run("the key is for nothing else", c.keyIsForNothingElse)
			t.Run("a stream without privilege is parked", c.forbiddenStreamIsParked)
			t.Run("every kind of document is stored", c.documentsAreStored)
			t.Run("what does not fit is stored flattened", c.misfitsAreFlattened)
			t.Run("no application can explode the mapping", c.mappingHolds)
			t.Run("doctor finds nothing wrong", c.doctorAgrees)
			t.Run("what a person has changed stays without consent", c.editsStay)
		})
	}
}

// securityIsReady waits until the index of roles can be read.
func securityIsReady(t *testing.T, s *elastic.Server) {
	testkit.Eventually(t, "roles can be read", func() (bool, string) {
		// The first write makes the index.
		status, answer := s.Do("PUT", "/_security/role/first", `{}`)
		if status == http.StatusOK {
			status, answer = s.Do("GET", "/_security/role/first", "")
		}
		return status == http.StatusOK, fmt.Sprint(status, answer)
	})
}

// TestSetUpOpenCluster does the same without security, where there is neither
// role nor key, on the newer version: it gives templates back in another form.
func TestSetUpOpenCluster(t *testing.T) {
	t.Parallel()
	s := newer.Take(t)
	for _, mapping := range []string{"otel", "ecs"} {
		t.Run(mapping, func(t *testing.T) {
			c := &setUp{Server: s.For(t), admin: clientOf(t, settings(s)), agent: settings(s), options: cluster.Options{Mapping: mapping, Retention: "30d"}}
			p := c.look(t)
			if !p.Open || len(p.Changes) != 4 {
				t.Fatalf("a new open cluster has %+v", p)
			}
			must(t, p.Apply(t.Context(), c.admin, false, func(cluster.Change) {}))
			c.isUnchanged(t)
			t.Run("every kind of document is stored", c.documentsAreStored)
			t.Run("what does not fit is stored flattened", c.misfitsAreFlattened)
			t.Run("no application can explode the mapping", c.mappingHolds)
			t.Run("what a person has changed stays without consent", c.editsStay)
		})
	}
}

func clientOf(t *testing.T, c Config) *Client {
	client, err := NewClient(c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

// setUp is a cluster that is being set up.
type setUp struct {
	*elastic.Server
	admin   *Client
	options cluster.Options
	// agent are the settings of an agent with the key.
	agent Config
}

// in is the same cluster in a subtest.
func (c *setUp) in(t *testing.T) *setUp {
	view := *c
	view.Server = c.For(t)
	return &view
}

func (c *setUp) look(t *testing.T) *cluster.Plan {
	t.Helper()
	p, err := cluster.Look(t.Context(), c.admin, c.options)
	must(t, err)
	return p
}

func (c *setUp) everythingIsMade(t *testing.T) {
	p := c.look(t)
	if p.Key != nil || p.Open || len(p.Changes) != 5 {
		t.Fatalf("a new cluster has %+v", p)
	}
	written := 0
	must(t, p.Apply(t.Context(), c.admin, false, func(cluster.Change) { written++ }))
	if written != 5 {
		t.Errorf("%d resources written, want 5", written)
	}
	k, err := p.MakeKey(t.Context(), c.admin)
	must(t, err)
	c.agent = settings(c.Server)
	c.agent.APIKey = config.Secret(k.Encoded)
}

func (c *setUp) nothingIsLeft(t *testing.T) {
	if p := c.isUnchanged(t); !p.KeyFits() {
		t.Errorf("the key that was made does not fit: %+v", p.Key)
	}
}

func (c *setUp) isUnchanged(t *testing.T) *cluster.Plan {
	t.Helper()
	p := c.look(t)
	for _, change := range p.Changes {
		if change.State != managed.Same {
			t.Errorf("%s %s is %s\n%s", change.Resource.Kind, change.Resource.Name(), change.State, change.Diff)
		}
	}
	return p
}

// stream is one of the mapping's data streams.
func (c *setUp) stream(dataset string) string {
	return strings.Replace(c.options.Sample(), "generic", dataset, 1)
}

func (c *setUp) exporter(t *testing.T) *Exporter {
	e, err := New(c.agent, slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

func (c *setUp) keySuffices(t *testing.T) {
	c = c.in(t)
	stream, e := c.stream("rollover"), c.exporter(t)
	var docs []document
	for i := range 20 {
		docs = append(docs, document{stream, fmt.Sprintf("id-%d", i), `{"@timestamp":"2026-11-22T01:02:03Z"}`})
	}
	sent(t, e, frameOf(t, 0, false, docs))
	rollOver(c.Server, stream)
	if r := sent(t, e, frameOf(t, time.Hour, true, docs)); r.Removed != 20 || r.Unchecked != 0 {
		t.Errorf("%d younger copies removed and %d not looked for, want 20 and 0", r.Removed, r.Unchecked)
	}
	holdsOnce(t, c.Server, stream, 20)
}

func (c *setUp) keyIsForNothingElse(t *testing.T) {
	c = c.in(t)
	c.Must("PUT", "/secret-"+c.options.Mapping, "")
	agent := clientOf(t, c.agent)
	for _, call := range [][3]string{
		{"GET", "/_cluster/state", ""}, {"GET", "/_cluster/settings", ""}, {"GET", "/_security/role", ""},
		{"PUT", "/_index_template/mine", `{"index_patterns":["mine"]}`}, {"POST", "/_security/api_key", `{"name":"mine"}`},
		{"GET", "/secret-" + c.options.Mapping + "/_search", ""}, {"POST", "/secret-" + c.options.Mapping + "/_doc", `{}`},
		{"DELETE", "/" + c.stream("rollover"), ""}, {"POST", "/" + c.stream("rollover") + "/_close", ""},
		{"PUT", "/" + c.stream("rollover") + "/_settings", `{"index.blocks.write":true}`},
		{"PUT", "/" + c.stream("rollover") + "/_mapping", `{"properties":{"a":{"type":"keyword"}}}`},
		{"POST", "/metrics-generic.otel-default/_doc", `{"@timestamp":0}`},
	} {
		status, _, answer, err := agent.Do(t.Context(), call[0], call[1], []byte(call[2]))
		must(t, err)
		if status != http.StatusForbidden {
			t.Errorf("%s %s: %d %s, want 403", call[0], call[1], status, answer)
		}
	}
}

// goldens are the documents of package encode's tests: every kind of record.
func (c *setUp) goldens(t *testing.T) (all []document) {
	dir := map[string]string{"otel": "testdata", "ecs": "testdata/ecs"}[c.options.Mapping]
	files, err := filepath.Glob(filepath.Join("../../pipeline/encode", dir, "*.ndjson"))
	must(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(t, err)
		action, source, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
		var a struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			}
		}
		must(t, json.Unmarshal(action, &a))
		all = append(all, document{a.Create.Index, a.Create.ID, string(source)})
	}
	if len(all) < 10 {
		t.Fatalf("%d golden documents in %s", len(all), dir)
	}
	return all
}

func (c *setUp) documentsAreStored(t *testing.T) {
	c = c.in(t)
	docs := c.goldens(t)
	allStored(t, sent(t, c.exporter(t), frameOf(t, 0, false, docs)), len(docs))
	query := `trace.id:4bf92f3577b34da6a3ce929d0e0e4736 AND log.level:INFO AND message:added`
	if n := c.Count(c.stream("generic"), query); n != 1 {
		t.Errorf("%d documents found by the names that Kibana asks for, want 1", n)
	}
}

func allStored(t *testing.T, r *shipping.Response, docs int) {
	t.Helper()
	if len(r.Outcomes) != docs || len(r.Errors) > 0 {
		t.Errorf("%d outcomes for %d documents, not stored: %+v", len(r.Outcomes), docs, r.Errors)
	}
}

// misfitsAreFlattened sends a text in the place of an object, which an index
// refuses.
func (c *setUp) misfitsAreFlattened(t *testing.T) {
	c = c.in(t)
	stream := c.stream("misfits")
	d := newDelivery(t, c.agent)
	d.run()
	doc := func(i int, fields string) document {
		source := `{"@timestamp":"2026-11-22T01:02:03Z","ecs.version":"8.17.0",` + fields + `,"trace.id":"ab","message":"hi"}`
		if c.options.Mapping == "otel" {
			source = `{"@timestamp":"2026-11-22T01:02:03Z","attributes":{` + fields + `},"trace_id":"ab","body":{"text":"hi"}}`
		}
		return document{stream, fmt.Sprint(i), source}
	}
	d.add(doc(0, `"cart":{"id":7}`))
	d.delivered()
	d.add(doc(1, `"cart":"lost"`), doc(2, `"cart":{"id":8}`))
	if r := d.delivered(); r.Delivered != 3 || r.Dead != 0 {
		t.Fatalf("the cursor counts %+v, want 3 lines delivered: %+v", r, d.refused(d.dead))
	}
	field := map[string]string{"otel": "body.structured", "ecs": "tailrace.structured_data"}[c.options.Mapping]
	if n := c.Count(stream, field+":lost AND trace.id:ab AND message:hi"); n != 1 {
		t.Errorf("%d documents found by what did not fit, want 1", n)
	}
	if n := len(d.shipper.Stats().Rewritten); n != 1 {
		t.Errorf("%d kinds of misfits, want 1", n)
	}
}

// mappingHolds sends more fields than an index takes, a text where a number
// was, and fields in an object of any depth.
func (c *setUp) mappingHolds(t *testing.T) {
	c = c.in(t)
	var many []string
	for i := range 1500 {
		many = append(many, fmt.Sprintf(`"f%d":"v%d"`, i, i))
	}
	stream, e := c.stream("hostile"), c.exporter(t)
	doc := func(id, fields string) document {
		if c.options.Mapping == "otel" {
			fields = `"attributes":{` + fields + `}`
		}
		return document{stream, id, `{"@timestamp":"2026-11-22T01:02:03Z",` + fields + `}`}
	}
	r := sent(t, e, frameOf(t, 0, false, []document{
		doc("1", `"status":200`), doc("2", `"status":"up"`), doc("3", strings.Join(many, ",")),
	}))
	allStored(t, r, 3)
	if fields := strings.Count(c.Must("GET", "/"+stream+"/_mapping", ""), `"type":`); fields > 1100 {
		t.Errorf("the mapping has %d fields", fields)
	}
}

func (c *setUp) doctorAgrees(t *testing.T) {
	for who, client := range map[string]*Client{"the administrator": c.admin, "the agent": clientOf(t, c.agent)} {
		all := cluster.Examine(t.Context(), client, c.options, time.Now)
		for _, f := range all {
			if f.State != doctor.OK {
				t.Errorf("%s: %+v", who, f)
			}
		}
		if len(all) != 6 {
			t.Errorf("%s has %d findings, want 6: %+v", who, len(all), all)
		}
	}
}

func (c *setUp) editsStay(t *testing.T) {
	c = c.in(t)
	path := "/_component_template/" + c.options.Name() + "@lifecycle"
	marks := json.RawMessage(marksOf(t, c.Must("GET", path, "")))
	c.Must("PUT", path, fmt.Sprintf(`{"_meta":%s,"template":{"lifecycle":{"data_retention":"7d"}}}`, marks))
	p := c.look(t)
	edited := slices.IndexFunc(p.Changes, func(change cluster.Change) bool { return change.State == managed.Edited })
	if n := p.NeedConsent(); n != 1 || edited < 0 || !strings.Contains(p.Changes[edited].Diff, `"data_retention": "7d"`) {
		t.Fatalf("%d changes need consent, want that of the edited template: %+v", n, p.Changes)
	}
	must(t, p.Apply(t.Context(), c.admin, false, func(c cluster.Change) { t.Errorf("%s is written", c.Resource.Name()) }))
	if !strings.Contains(c.Must("GET", path, ""), "7d") {
		t.Error("the change is gone")
	}
	must(t, p.Apply(t.Context(), c.admin, true, func(cluster.Change) {}))
	c.isUnchanged(t)
}

func marksOf(t *testing.T, answer string) []byte {
	var a struct {
		Components []struct {
			Template struct {
				Meta json.RawMessage `json:"_meta"`
			} `json:"component_template"`
		} `json:"component_templates"`
	}
	must(t, json.Unmarshal([]byte(answer), &a))
	return a.Components[0].Template.Meta
}
