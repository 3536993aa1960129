package elasticsearch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// rolloversStoreNothingTwice: an id is unique in one backing index only.
func rolloversStoreNothingTwice(t *testing.T, s *elastic.Server) {
	for name, test := range map[string]func(*testing.T, *elastic.Server, string){
		"between a cut answer and the retry":         rolloverBeforeRetry,
		"between kill -9 and the restart":            rolloverBeforeRestart,
		"between two processes with the same frames": rolloverBetweenProcesses,
		"that the second process did not hear about": rolloverUnheardOf,
		"twice": rolloverTwice,
		"long before the frame, which nobody looks for": rolloverLongBefore,
		"long before a frame that may have been seen":   rolloverLongBeforeSeen,
		"without the rights to look documents up":       rolloverWithoutRights,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s.For(t), fmt.Sprintf("logs-r%d.otel-real", streamNumber.Add(1)))
		})
	}
}

var streamNumber atomic.Int32

// docsOf are documents of a stream, from 0.
func docsOf(stream string, n int) []document {
	docs := make([]document, n)
	for i := range docs {
		docs[i] = logDoc(i)
		docs[i].index = stream
	}
	return docs
}

func rollOver(s *elastic.Server, stream string) { s.Must("POST", "/"+stream+"/_rollover", "") }

// holdsOnce says that all backing indices together have n documents.
func holdsOnce(t *testing.T, s *elastic.Server, stream string, n int) {
	t.Helper()
	if got := s.Count(stream, "*"); got != n {
		t.Errorf("%d documents in all backing indices, want %d", got, n)
	}
}

// meddler stands before a server. It may cut answers off after the server has
// carried out the request, and forbid paths.
type meddler struct {
	*httptest.Server
	cut    atomic.Int32
	forbid atomic.Value
	// dead ends every connection without an answer; refused counts them.
	dead    atomic.Bool
	refused atomic.Int32
	// lookups counts what is asked beside bulk requests, bulks those.
	lookups, bulks atomic.Int32
}

func meddle(t *testing.T, s *elastic.Server) *meddler {
	target, err := url.Parse(s.URL)
	must(t, err)
	m := &meddler{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.URL.Path == "/_bulk" && m.cut.Add(-1) >= 0 {
			_, _ = io.Copy(io.Discard, r.Body)
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.dead.Load() {
			m.refused.Add(1)
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/_bulk" {
			m.bulks.Add(1)
		} else {
			m.lookups.Add(1)
		}
		if word, _ := m.forbid.Load().(string); word != "" && strings.Contains(r.URL.Path, word) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

// through is an exporter that reaches the server through the meddler.
func (m *meddler) through(t *testing.T) *Exporter {
	c := DefaultConfig()
	c.Endpoints = []string{m.URL}
	e, err := New(c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// frameOf is a request of one frame that was journaled some time ago.
func frameOf(t *testing.T, ago time.Duration, maybeSeen bool, docs []document) *shipping.Request {
	b := frame.NewBuilder(1)
	for _, d := range docs {
		b.Var(fmt.Appendf(nil, `{"create":{"_index":%q,"_id":%q}}`+"\n%s\n", d.index, d.id, d.source))
		b.EndDoc(1, 0)
	}
	s := b.Seal(frame.Meta{MaybeSeen: maybeSeen})
	s.Meta.JournalTime = time.Now().Add(-ago).UnixNano()
	t.Cleanup(s.Release)
	return &shipping.Request{Parts: []shipping.Part{{Frame: &s.Meta,
		Docs: int(s.Meta.Docs), PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}}}
}

// sent sends a request that has to be answered.
func sent(t *testing.T, e *Exporter, req *shipping.Request) *shipping.Response {
	t.Helper()
	r, err := e.Export(context.Background(), req)
	must(t, err)
	if r.Verdict != shipping.Answered {
		t.Fatalf("verdict %d: %s", r.Verdict, r.Reason)
	}
	return r
}

func rolloverBeforeRetry(t *testing.T, s *elastic.Server, stream string) {
	m := meddle(t, s)
	e := m.through(t)
	req := frameOf(t, 0, false, docsOf(stream, 50))
	m.cut.Store(1)
	if r, err := e.Export(context.Background(), req); err == nil && r.Verdict == shipping.Answered {
		t.Fatalf("the answer was not cut: %+v", r)
	}
	holdsOnce(t, s, stream, 50)
	rollOver(s, stream)
	if r := sent(t, e, req); r.Removed != 50 {
		t.Errorf("%d copies removed, want 50", r.Removed)
	}
	holdsOnce(t, s, stream, 50)
}

func rolloverBeforeRestart(t *testing.T, s *elastic.Server, stream string) {
	c := settings(s)
	first := newDelivery(t, c)
	docs := docsOf(stream, 30)
	first.add(docs...)
	// What the killed process had sent, without its cursor having moved.
	must(t, first.journal.Flush(context.Background()))
	sent(t, meddle(t, s).through(t), frameOf(t, 0, false, docs))
	rollOver(s, stream)
	first.add(logDocOf(stream, 30))
	first.run()
	if r := first.delivered(); r.Delivered != 31 {
		t.Errorf("the cursor counts %+v, want 31 lines delivered", r)
	}
	if st := first.shipper.Stats(); st.Removed != 30 {
		t.Errorf("%d copies removed, want 30", st.Removed)
	}
	holdsOnce(t, s, stream, 31)
}

func logDocOf(stream string, i int) document {
	d := logDoc(i)
	d.index = stream
	return d
}

func rolloverBetweenProcesses(t *testing.T, s *elastic.Server, stream string) {
	docs := docsOf(stream, 20)
	one, other := meddle(t, s).through(t), meddle(t, s).through(t)
	sent(t, other, frameOf(t, 0, false, docs[:5]))
	sent(t, one, frameOf(t, time.Minute, false, docs))
	rollOver(s, stream)
	// More documents than were there, in one frame with them.
	more := append(docs, logDocOf(stream, 20), logDocOf(stream, 21))
	if r := sent(t, other, frameOf(t, time.Minute, false, more)); r.Removed != 20 {
		t.Errorf("%d copies removed, want 20", r.Removed)
	}
	holdsOnce(t, s, stream, 22)
}

// The second attempt is stored in the younger index and its answer lost as
// well: the third finds the ids taken there.
func rolloverUnheardOf(t *testing.T, s *elastic.Server, stream string) {
	m := meddle(t, s)
	e := m.through(t)
	req := frameOf(t, 0, false, docsOf(stream, 10))
	sent(t, e, req)
	rollOver(s, stream)
	m.cut.Store(1)
	if _, err := e.Export(context.Background(), req); err != nil {
		t.Fatal(err)
	}
	if n := s.Count(stream, "*"); n != 20 {
		t.Fatalf("%d documents: the test shows nothing", n)
	}
	sent(t, e, req)
	holdsOnce(t, s, stream, 10)
}

func rolloverTwice(t *testing.T, s *elastic.Server, stream string) {
	e := meddle(t, s).through(t)
	first, second := frameOf(t, 0, false, docsOf(stream, 10)), frameOf(t, 0, false, docsOf(stream, 20)[10:])
	sent(t, e, first)
	rollOver(s, stream)
	sent(t, e, second)
	rollOver(s, stream)
	both := &shipping.Request{Parts: append(first.Parts, second.Parts...)}
	if r := sent(t, e, both); r.Removed != 20 {
		t.Errorf("%d copies removed, want 20", r.Removed)
	}
	holdsOnce(t, s, stream, 20)
}

// A frame that was journaled after the last rollover cannot be in an older
// index: nothing is asked.
func rolloverLongBefore(t *testing.T, s *elastic.Server, stream string) {
	m := meddle(t, s)
	e := m.through(t)
	sent(t, e, frameOf(t, 0, false, docsOf(stream, 1)))
	rollOver(s, stream)
	const later = -time.Hour
	sent(t, e, frameOf(t, later, false, docsOf(stream, 10)[1:5]))
	asked := m.lookups.Load()
	sent(t, e, frameOf(t, later, false, docsOf(stream, 10)[5:]))
	if n := m.lookups.Load() - asked; n != 0 {
		t.Errorf("%d lookups for documents that cannot be there", n)
	}
	holdsOnce(t, s, stream, 10)
}

func rolloverLongBeforeSeen(t *testing.T, s *elastic.Server, stream string) {
	e := meddle(t, s).through(t)
	sent(t, e, frameOf(t, 0, false, docsOf(stream, 10)))
	rollOver(s, stream)
	if r := sent(t, e, frameOf(t, -time.Hour, true, docsOf(stream, 12))); r.Removed != 10 {
		t.Errorf("%d copies removed, want 10", r.Removed)
	}
	holdsOnce(t, s, stream, 12)
}

func rolloverWithoutRights(t *testing.T, s *elastic.Server, stream string) {
	for i, word := range []string{"_settings", "_mget"} {
		t.Run(word, func(t *testing.T) {
			stream := fmt.Sprintf("logs-f%d%s", i, stream[len("logs-"):])
			m := meddle(t, s)
			e := m.through(t)
			m.forbid.Store(word)
			sent(t, e, frameOf(t, 0, false, docsOf(stream, 10)))
			rollOver(s, stream)
			r := sent(t, e, frameOf(t, 0, false, docsOf(stream, 10)))
			if r.Unchecked != 10 || r.Removed != 0 {
				t.Errorf("%d unchecked and %d removed, want 10 and 0", r.Unchecked, r.Removed)
			}
		})
	}
}

func TestOlderIndicesThatMayHaveAFrame(t *testing.T) {
	at := func(minute int) time.Time { return time.Unix(int64(minute)*60, 0) }
	created := map[string]time.Time{"c": at(300), "a": at(100), "d": at(400), "b": at(200)}
	for _, c := range []struct {
		name      string
		index     string
		journaled int
		maybeSeen bool
		want      []string
	}{
		{"journaled before all of them", "d", 50, false, []string{"a", "b", "c"}},
		{"journaled while b was written to", "d", 250, false, []string{"b", "c"}},
		{"the clocks differ", "d", 308, false, []string{"b", "c"}},
		{"journaled while c was written to", "d", 320, false, []string{"c"}},
		{"a little after the rollover", "d", 405, false, []string{"c"}},
		{"long after the rollover", "d", 420, false, nil},
		{"maybe seen", "d", 420, true, []string{"a", "b", "c"}},
		{"in the oldest", "a", 50, true, nil},
		{"stored in an index that is not the youngest", "c", 50, false, []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &backing{created: created[c.index], older: olderThan(created, c.index)}
			var got []string
			for _, s := range b.olderWith(&frame.Meta{JournalTime: at(c.journaled).UnixNano(), MaybeSeen: c.maybeSeen}) {
				got = append(got, s.name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStreamOfABackingIndex(t *testing.T) {
	for name, want := range map[string]string{
		".ds-logs-generic.otel-default-2026.11.22-000001": "logs-generic.otel-default",
		".ds-logs-a-b-c-2026.11.22-1000000":               "logs-a-b-c",
		"logs-000001":                                     "",
		".ds-logs-x-default-000001":                       "",
	} {
		if got := streamOf(name); got != want {
			t.Errorf("streamOf(%q) = %q, want %q", name, got, want)
		}
	}
}
