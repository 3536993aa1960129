package elasticsearch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// delivery is a journal and the loop that ships it to a server.
type delivery struct {
	t          *testing.T
	journal    *journal.Journal
	cursor     *journal.Cursor
	dead, park *journal.Store
	shipper    *shipping.Shipper
	builder    *frame.Builder
}

const exporterName = "elasticsearch"

func newDelivery(t *testing.T, c Config) *delivery {
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, "logs"), Logger: log})
	must(t, err)
	t.Cleanup(func() { j.Close() })
	cursor, err := j.Cursor(exporterName, journal.CursorOptions{})
	must(t, err)
	e, err := New(c, log)
	must(t, err)
	t.Cleanup(func() { e.Close() })
	d := &delivery{t: t, journal: j, cursor: cursor, builder: frame.NewBuilder(1)}
	d.dead, d.park = d.store(dir, "deadletter", journal.ByContainer), d.store(dir, "park", journal.ByIndex)
	o := c.Shipping()
	o.Rewrite = encode.Flatten
	o.Name, o.Cursor, o.Exporter, o.Logger = exporterName, cursor, e, log
	o.DeadLetter, o.Park = d.dead, d.park
	d.shipper = shipping.New(o)
	return d
}

func (d *delivery) store(dir, name string, owner func(*journal.Refused) string) *journal.Store {
	s, err := journal.OpenStore(journal.StoreOptions{FS: vfs.OS{}, Dir: filepath.Join(dir, name), Quota: 1 << 20, Owner: owner})
	must(d.t, err)
	d.t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settings are quick ones for tests.
func settings(s *elastic.Server) Config {
	c := DefaultConfig()
	c.Endpoints = []string{s.URL}
	c.TLS.CAFile, c.TLS.CertFile, c.TLS.KeyFile = s.Files.CA, s.Files.Cert, s.Files.Key
	c.Flush.Interval = 50 * time.Millisecond
	c.Retry.MaxInterval = time.Second
	return c
}

// run ships until the test ends.
func (d *delivery) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.shipper.Run(ctx) }()
	d.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	})
}

// add journals a frame of documents; each has an action for an index, an id
// and a body.
func (d *delivery) add(docs ...document) {
	for _, doc := range docs {
		d.builder.Var(fmt.Appendf(nil, `{"create":{"_index":%q,"_id":%q}}`+"\n%s\n", doc.index, doc.id, doc.source))
		d.builder.EndDoc(1, time.Now().UnixNano())
	}
	n := uint64(len(docs))
	counts := event.Counts{Lines: n, DocLines: n, Docs: n}
	must(d.t, d.journal.Append(context.Background(), d.builder.Seal(frame.Meta{Class: "default", Counts: counts,
		Sources: []frame.Source{{Namespace: "shop", Counts: counts}}})))
}

type document struct{ index, id, source string }

// logDoc is document i of a data stream, in the agent's own shape.
func logDoc(i int) document {
	return document{"logs-generic.otel-real", fmt.Sprintf("id-%d", i), fmt.Sprintf(
		`{"@timestamp":"2026-11-22T01:02:03.%09dZ","severity_number":9,"body":{"text":"line %d"},"trace_id":"%032x",`+
			`"resource":{"attributes":{"k8s.namespace.name":"shop","k8s.pod.name":"pod-1","k8s.container.name":"main"}},`+
			`"data_stream":{"type":"logs","dataset":"generic.otel","namespace":"real"}}`, i, i, i)}
}

// delivered waits until nothing is pending and returns the cursor's figures.
func (d *delivery) delivered() journal.Result {
	d.t.Helper()
	must(d.t, d.journal.Flush(context.Background()))
	d.until("everything is delivered", func() bool { return d.cursor.Stats().Pending.Frames == 0 })
	return d.cursor.Stats().Result
}

// TestRealElasticsearch delivers to one server of each version.
func TestRealElasticsearch(t *testing.T) {
	t.Parallel()
	t.Run(elastic.V8, func(t *testing.T) {
		t.Parallel()
		s := elastic.Start(t, elastic.Options{})
		deliversToReal(t, s)
		// One more start of a server, for what is the client's part alone.
		t.Run("kill -9 of the server", func(t *testing.T) { survivesKill(t, s) })
	})
	t.Run(elastic.V9, func(t *testing.T) {
		t.Parallel()
		deliversToReal(t, newer.Take(t))
	})
}

// TestRealOpenSearch: the same documents, ids and rule against copies.
func TestRealOpenSearch(t *testing.T) {
	t.Parallel()
	s := elastic.StartOpenSearch(t)
	s.TakeLogs("real")
	t.Run("every document once, found by its trace", func(t *testing.T) { deliversOnce(t, s) })
	t.Run("a mapping conflict becomes a dead letter", func(t *testing.T) { buriesConflict(t, s) })
	t.Run("rollovers store nothing twice", func(t *testing.T) { rolloversStoreNothingTwice(t, s) })
}

func deliversToReal(t *testing.T, s *elastic.Server) {
	s.TakeLogs("real")
	t.Run("every document once, found by its trace", func(t *testing.T) { deliversOnce(t, s) })
	t.Run("a mapping conflict becomes a dead letter", func(t *testing.T) { buriesConflict(t, s) })
	t.Run("a blocked index is parked and delivered later", func(t *testing.T) { parksBlocked(t, s) })
	t.Run("an index without room on the disk delays no other", func(t *testing.T) { floodedIndexDelaysNoOther(t, s) })
	t.Run("a blocked cluster holds delivery", func(t *testing.T) { blockedClusterHolds(t, s) })
	t.Run("a missing ingest pipeline holds delivery", func(t *testing.T) { missingPipelineHolds(t, s) })
	t.Run("rollovers store nothing twice", func(t *testing.T) { rolloversStoreNothingTwice(t, s) })
	t.Run("faults on the way lose and repeat nothing", func(t *testing.T) { faultsBetweenLoseAndRepeatNothing(t, s) })
	t.Run("one address of two dies", func(t *testing.T) { oneAddressOfTwoDies(t, s) })
	t.Run("documents that do not fit are stored flattened", func(t *testing.T) { misfitsAreStoredFlattened(t, s) })
}

func deliversOnce(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	d := newDelivery(t, settings(s))
	d.run()
	for f := range 20 {
		docs := make([]document, 50)
		for i := range docs {
			docs[i] = logDoc(f*50 + i)
		}
		d.add(docs...)
		if f == 10 {
			d.add(docs...) // Again: known by their ids.
		}
	}
	if r := d.delivered(); r.Delivered != 1050 {
		t.Errorf("the cursor counts %+v, want 1,050 lines delivered", r)
	}
	if n := s.Count("logs-generic.otel-real", "*"); n != 1000 {
		t.Errorf("%d documents in the data stream, want 1,000", n)
	}
	if n := s.Count("logs-generic.otel-real", fmt.Sprintf("trace_id:%032x", 0x1f4)); n != 1 {
		t.Errorf("%d documents of one trace, want 1", n)
	}
	if st := d.shipper.Stats(); st.Single || st.Namespaces["shop"].Sent != 1050 {
		t.Errorf("figures %+v", st)
	}
}

func buriesConflict(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	d := newDelivery(t, settings(s))
	d.run()
	bad := logDoc(5001)
	bad.source = strings.Replace(bad.source, `"severity_number":9`, `"severity_number":"nine"`, 1)
	d.add(logDoc(5000), bad, logDoc(5002))
	if r := d.delivered(); r.Delivered != 2 || r.Dead != 1 {
		t.Errorf("the cursor counts %+v, want 2 delivered and 1 dead", r)
	}
	letters := d.refused(d.dead)
	if len(letters) != 1 {
		t.Fatalf("%d dead letters", len(letters))
	}
	l := letters[0]
	if l.Status != 400 || !strings.HasSuffix(l.Type, "_parsing_exception") || !strings.Contains(l.Reason, "severity_number") ||
		l.Container != "shop/pod-1/main" || string(l.Document) != bad.source {
		t.Errorf("the dead letter is %+v", l)
	}
}

func (d *delivery) refused(s *journal.Store) []journal.Refused {
	var all []journal.Refused
	for _, b := range s.Bundles(exporterName) {
		docs, err := s.Documents(b)
		must(d.t, err)
		all = append(all, docs...)
	}
	return all
}

func survivesKill(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	d := newDelivery(t, settings(s))
	d.run()
	before := s.Count("logs-generic.otel-real", "*")
	const frames, docs = 60, 100
	for f := range frames {
		batch := make([]document, docs)
		for i := range batch {
			batch[i] = logDoc(100_000 + f*docs + i)
		}
		d.add(batch...)
		switch f {
		case frames / 3:
			s.Kill()
		case frames / 2:
			s.Restart()
		}
		time.Sleep(2 * time.Millisecond)
	}
	if r := d.delivered(); r.Delivered != frames*docs {
		t.Errorf("the cursor counts %+v, want %d lines delivered", r, frames*docs)
	}
	if n := s.Count("logs-generic.otel-real", "*") - before; n != frames*docs {
		t.Errorf("%d new documents, want each of %d once", n, frames*docs)
	}
	if st := d.shipper.Stats(); st.FailedRequests == 0 {
		t.Error("no request failed: the server was not missed")
	}
}

// yieldsToPressure: the server never admits a request as large as a frame, and
// every document is stored in the end.
func yieldsToPressure(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	c := settings(s)
	c.User, c.Password = "elastic", testPassword
	d := newDelivery(t, c)
	d.run()
	const frames, docs = 3, 95 // Of 10 kB each: more than the limit of pressure, less than that of a body.
	for f := range frames {
		batch := make([]document, docs)
		for i := range batch {
			batch[i] = document{"pressure", fmt.Sprintf("%d-%d", f, i), `{"a":"` + strings.Repeat("x", 10_000) + `"}`}
		}
		d.add(batch...)
	}
	if r := d.delivered(); r.Delivered != frames*docs {
		t.Errorf("the cursor counts %+v, want %d lines delivered", r, frames*docs)
	}
	if n := s.Count("pressure", "*"); n != frames*docs {
		t.Errorf("%d documents, want %d", n, frames*docs)
	}
	if st := d.shipper.Stats(); st.FailedRequests == 0 {
		t.Error("the server refused nothing: the test is too easy for it")
	}
}

func splitsTooLarge(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	c := settings(s)
	c.User, c.Password = "elastic", testPassword
	d := newDelivery(t, c)
	d.run()
	docs := make([]document, 8)
	for i := range docs {
		docs[i] = document{"large", fmt.Sprintf("l%d", i), `{"a":"` + strings.Repeat("x", 300<<10) + `"}`}
	}
	docs[3].source = `{"a":"` + strings.Repeat("x", 2<<20) + `"}`
	d.add(docs...)
	r := d.delivered()
	left := d.refused(d.dead)
	if r.Dead != 1 || len(left) != 1 || left[0].Status != 413 {
		t.Errorf("the cursor counts %+v, dead letters %d; want the one oversized document", r, len(left))
	}
	if n := s.Count("large", "*"); n != 7 {
		t.Errorf("%d documents, want 7", n)
	}
}

// TestRealRefusals: what a server with limits and a password refuses. It also
// says what the recorded answers say.
func TestRealRefusals(t *testing.T) {
	t.Parallel()
	s := guarded.Take(t)
	t.Run("recorded answers", func(t *testing.T) { recordAnswers(t, s) })
	t.Run("429 by indexing pressure", func(t *testing.T) { yieldsToPressure(t, s) })
	t.Run("a document that is too large", func(t *testing.T) { splitsTooLarge(t, s) })
	for _, c := range []struct {
		name    string
		change  func(*Config)
		verdict shipping.Verdict
	}{
		{"the right password", func(c *Config) { c.User, c.Password = "elastic", testPassword }, shipping.Answered},
		{"a wrong password", func(c *Config) { c.User, c.Password = "elastic", "wrong" }, shipping.Denied},
		{"no credentials", func(*Config) {}, shipping.Denied},
		{"a wrong API key", func(c *Config) { c.APIKey = "d3Jvbmc6d3Jvbmc=" }, shipping.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := settings(s)
			c.change(&conf)
			e, err := New(conf, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
			r, err := e.Export(context.Background(), request(t, `{"a":1}`))
			must(t, err)
			if r.Verdict != c.verdict || (c.verdict == shipping.Denied) != (r.Cure != "") {
				t.Errorf("verdict %d, reason %q, cure %q", r.Verdict, r.Reason, r.Cure)
			}
			b, _ := json.Marshal(r)
			if strings.Contains(string(b), testPassword) {
				t.Errorf("the password is in %s", b)
			}
		})
	}
}

// request is a request of one frame with these documents for index "test".
func request(t *testing.T, docs ...string) *shipping.Request {
	b := frame.NewBuilder(1)
	for i, doc := range docs {
		b.Var(fmt.Appendf(nil, `{"create":{"_index":"test","_id":"%d"}}`+"\n%s\n", i, doc))
		b.EndDoc(1, 0)
	}
	s := b.Seal(frame.Meta{})
	t.Cleanup(s.Release)
	return &shipping.Request{Parts: []shipping.Part{{Frame: &s.Meta,
		Docs: int(s.Meta.Docs), PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}}}
}
