package elasticsearch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tailrace/tailrace/internal/configtls"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// newFake is a server that answers bulk requests as the test says and knows
// nothing else, and an exporter to it.
func newFake(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) *Exporter {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Base(r.URL.Path) == "_bulk" {
			handler(w, r)
			return
		}
		says(http.StatusOK, "application/json", "{}")(w, r)
	}))
	t.Cleanup(s.Close)
	c := DefaultConfig()
	c.Endpoint = s.URL
	for _, f := range change {
		f(&c)
	}
	e, err := New(c, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// says is a handler with one answer to everything.
func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func export(t *testing.T, e *Exporter, docs ...string) *shipping.Response {
	t.Helper()
	r, err := e.Export(context.Background(), request(t, docs...))
	must(t, err)
	return r
}

// TestRequestOnTheWire: plain gzip members one after the other, with a length,
// the filter and the credentials, below the path that a proxy serves.
func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body []byte
	e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"items":[{"create":{"status":201}},{"create":{"status":409}},{"create":{"status":201}}]}`)
	}, func(c *Config) { c.Endpoint, c.APIKey, c.Pipeline = c.Endpoint+"/es", "a2V5", "clean up" })
	req := request(t, `{"a":1}`, `{"a":2}`)
	req.Parts = append(req.Parts, request(t, `{"a":3}`).Parts...)
	r, err := e.Export(context.Background(), req)
	must(t, err)
	if r.Verdict != shipping.Answered || r.Outcomes[1] != shipping.Exists {
		t.Errorf("the answer is %+v", r)
	}
	if got.Method != "POST" || got.URL.Path != "/es/_bulk" || got.URL.Query().Get("pipeline") != "clean up" ||
		got.URL.Query().Get("filter_path") != filterPath || got.Header.Get("Content-Encoding") != "gzip" ||
		!strings.EqualFold(got.Header.Get("Authorization"), "ApiKey a2V5") || got.ContentLength != int64(len(body)) {
		t.Errorf("the request is %s %s, %d bytes, %v", got.Method, got.URL, got.ContentLength, got.Header)
	}
	if flags := body[3]; flags != 0 {
		t.Errorf("the gzip header has flags %#x: an extra field makes Elasticsearch close the connection", flags)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	must(t, err)
	plain, err := io.ReadAll(z)
	must(t, err)
	want := `{"create":{"_index":"test","_id":"0"}}` + "\n" + `{"a":1}` + "\n" +
		`{"create":{"_index":"test","_id":"1"}}` + "\n" + `{"a":2}` + "\n" +
		`{"create":{"_index":"test","_id":"0"}}` + "\n" + `{"a":3}` + "\n"
	if string(plain) != want {
		t.Errorf("the body is\n%s", plain)
	}
}

// TestWholeAnswers: what each kind of answer to a whole request means.
func TestWholeAnswers(t *testing.T) {
	const json, html = "application/json", "text/html; charset=utf-8"
	for _, c := range []struct {
		name, kind, body string
		status           int
		want             shipping.Verdict
		signature        string
	}{
		{"a page of a firewall", html, "<html>blocked, incident 4711</html>", 403, shipping.Unclear, "403 text/html"},
		{"a page with 200", html, "<html>please log in</html>", 200, shipping.Unclear, "unreadable 200 text/html"},
		{"an empty 200", json, "", 200, shipping.Unclear, "unreadable 200 application/json"},
		{"cut JSON", json, `{"items":[{"create":{"status":201}},`, 200, shipping.Unclear, "unreadable 200 application/json"},
		{"no items", json, `{"took":1}`, 200, shipping.Unclear, "unreadable 200 application/json"},
		{"too few items", json, `{"items":[{"create":{"status":201}}]}`, 200, shipping.Miscounted, ""},
		{"too many items", json, `{"items":[` + strings.Repeat(`{"create":{"status":201}},`, 2) + `{"create":{"status":201}}]}`, 200, shipping.Miscounted, ""},
		{"a malformed action", json, `{"error":{"type":"illegal_argument_exception","reason":"Malformed action"},"status":400}`, 400, shipping.Unclear, "400 application/json illegal_argument_exception"},
		{"no permission", json, `{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}`, 403, shipping.Denied, "403 application/json security_exception"},
		{"a blocked cluster", json, `{"error":{"type":"cluster_block_exception","reason":"blocked by: [FORBIDDEN/6/cluster read-only (api)];"},"status":403}`, 403, shipping.Denied, "403 application/json cluster_block_exception"},
		{"a proxy that wants a password", html, "", 407, shipping.Denied, "407 text/html"},
		{"another server", html, "<html>not found</html>", 404, shipping.Denied, "404 text/html"},
		{"a redirect", html, "", 302, shipping.Denied, "302 text/html"},
		{"a proxy without backend", html, "<html>bad gateway</html>", 502, shipping.Unavailable, "502 text/html"},
		{"a content network without backend", html, "", 522, shipping.Unavailable, "522 text/html"},
		{"a fault of the server", json, `{"error":{"type":"null_pointer_exception","reason":null},"status":500}`, 500, shipping.Unclear, "500 application/json null_pointer_exception"},
		{"a body limit of a proxy", html, "<html>too large</html>", 413, shipping.TooLarge, "413 text/html"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := export(t, newFake(t, says(c.status, c.kind, c.body)), `{"a":1}`, `{"a":2}`)
			if r.Verdict != c.want || r.Signature != c.signature {
				t.Errorf("verdict %d, signature %q, reason %q", r.Verdict, r.Signature, r.Reason)
			}
			if (c.want == shipping.Denied) != (r.Cure != "") && c.want != shipping.Miscounted {
				t.Errorf("the cure is %q", r.Cure)
			}
			if c.want == shipping.Unclear && !strings.Contains(r.Raw, strings.TrimSpace(c.body)) {
				t.Errorf("the raw answer is lost: %q", r.Raw)
			}
		})
	}
}

// TestItemsAreMatchedByPosition, with the legacy 403 of a full disk and the
// failure store's 201 among them.
func TestItemsAreMatchedByPosition(t *testing.T) {
	r := export(t, newFake(t, says(200, "application/json", `{"items":[{"create":{"_index":"a","status":201}},`+
		`{"create":{"_index":"b","status":403,"error":{"type":"cluster_block_exception","reason":"index [b] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"}}},`+
		`{"create":{"_index":"c","status":201,"failure_store":"used"}}]}`)), `{}`, `{}`, `{}`)
	if r.Outcomes[0] != shipping.Stored || r.Outcomes[1] != shipping.Refused || r.Outcomes[2] != shipping.Rejected {
		t.Errorf("outcomes %v", r.Outcomes)
	}
	if e := r.Errors[0]; e.Doc != 1 || e.Index != "b" || e.Type != "cluster_block_exception" {
		t.Errorf("the error is %+v", e)
	}
	if e := r.Errors[1]; e.Doc != 2 || e.Type != failureStore || r.Diverted != 1 {
		t.Errorf("the error is %+v, %d diverted", e, r.Diverted)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "x": 0, "999999999": maxRetryAfter,
		"Sun, 22 Nov 2026 01:02:33 GMT": 30 * time.Second,
		"Sun, 22 Nov 2026 01:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("Retry-After: %s gives %v, want %v", value, got, want)
		}
	}
	e := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(503)
	})
	if r := export(t, e, `{}`); r.Verdict != shipping.Unavailable || r.RetryAfter != time.Minute {
		t.Errorf("the answer is %+v", r)
	}
}

// hijack ends a connection in the middle of what text begins.
func hijack(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		conn.Close()
	}
}

// TestConnectionCut: after the commit, nobody knows what was stored.
func TestConnectionCut(t *testing.T) {
	for name, text := range map[string]string{
		"before the answer": "",
		"in the header":     "HTTP/1.1 200 OK\r\nContent-",
		"in the body":       "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + `{"items":[{"create":{"status":201}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if r := export(t, newFake(t, hijack(text)), `{}`); r.Verdict != shipping.Unclear {
				t.Errorf("the answer is %+v", r)
			}
		})
	}
}

// TestSlowAnswers: one that drips is read to its end, one that takes longer
// than the timeout is given up.
func TestSlowAnswers(t *testing.T) {
	const whole = `{"items":[{"create":{"_index":"i","status":201}}]}`
	e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for _, c := range []byte(whole) {
			_, _ = w.Write([]byte{c})
			w.(http.Flusher).Flush()
		}
	})
	if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
		t.Errorf("an answer in pieces: %+v", r)
	}
	for name, text := range map[string]string{"no answer": "", "half an answer": `{"items":[`} {
		e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, func(c *Config) { c.Timeout = 50 * time.Millisecond })
		if r := export(t, e, `{}`); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "50ms") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	l.Close()
	c := DefaultConfig()
	c.Endpoint = "http://" + address
	e, err := New(c, slog.New(slog.DiscardHandler))
	must(t, err)
	if r := export(t, e, `{}`); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "refused") {
		t.Errorf("the answer is %+v", r)
	}
}

func TestExportEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("the agent ends")
	e := newFake(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel(stop)
		<-r.Context().Done()
	})
	if _, err := e.Export(ctx, request(t, `{}`)); !errors.Is(err, stop) {
		t.Errorf("Export returned %v", err)
	}
}

// TestBodyIsNotReadAfterExport: the payload's memory is used again at once,
// while net/http may still be sending what the server did not wait for.
func TestBodyIsNotReadAfterExport(t *testing.T) {
	e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
	})
	payload := make([]byte, 8<<20)
	for range 5 {
		_, err := e.Export(context.Background(), &shipping.Request{Parts: []shipping.Part{{Docs: 1, Payload: payload}}})
		must(t, err)
		clear(payload)
	}
}

// TestCertificateMustBeTrusted unless its authority is given.
func TestCertificateMustBeTrusted(t *testing.T) {
	s := httptest.NewTLSServer(says(200, "application/json", `{"items":[{"create":{"status":201}}]}`))
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	for name, c := range map[string]struct {
		tls  configtls.Client
		want shipping.Verdict
	}{
		"unknown authority": {configtls.Client{}, shipping.Denied},
		"not verified":      {configtls.Client{InsecureSkipVerify: true}, shipping.Answered},
		"given authority":   {configtls.Client{CAFile: writeCA(t, s)}, shipping.Answered},
	} {
		t.Run(name, func(t *testing.T) {
			conf := DefaultConfig()
			conf.Endpoint, conf.TLS = s.URL, c.tls
			e, err := New(conf, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
			if r := export(t, e, `{}`); r.Verdict != c.want {
				t.Errorf("verdict %d: %s", r.Verdict, r.Reason)
			}
		})
	}
}

// BenchmarkExport is a request of 2,000 documents without the network's share:
// go test -run xxx -bench Export -benchmem ./exporters/elasticsearch
func BenchmarkExport(b *testing.B) {
	body := manyStored(2000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		_, _ = w.Write(body)
	}))
	defer s.Close()
	c := DefaultConfig()
	c.Endpoint = s.URL
	e, err := New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	req := &shipping.Request{Parts: []shipping.Part{{Docs: 2000, Payload: make([]byte, 100<<10)}}}
	b.ReportAllocs()
	for b.Loop() {
		if r, err := e.Export(context.Background(), req); err != nil || r.Verdict != shipping.Answered {
			b.Fatal(fmt.Sprint(r, err))
		}
	}
}
