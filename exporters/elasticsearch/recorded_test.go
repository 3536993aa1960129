package elasticsearch

import (
	"bufio"
	"bytes"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

var update = flag.Bool("update", false, "record the real server's answers anew")

// answers are what a real Elasticsearch says in situations that the exporter
// must know. testdata/answers has them as they came over the wire.
var answers = []struct {
	// name is that of the file.
	name string
	// body is what is posted, before compression.
	body string
	// user is who posts it.
	user, password string

	verdict shipping.Verdict
	outcome shipping.Outcome
	// says is part of the reason.
	says string
}{
	{"stored", create("answers", "1", `{"n":1}`), "elastic", testPassword, shipping.Answered, shipping.Stored, ""},
	{"exists", create("answers", "1", `{"n":1}`), "elastic", testPassword, shipping.Answered, shipping.Exists, ""},
	{"conflict", create("answers", "2", `{"n":"x"}`), "elastic", testPassword, shipping.Answered, shipping.Unmappable, "document_parsing_exception"},
	{"no_document", create("answers", "3", `"x"`), "elastic", testPassword, shipping.Answered, shipping.Unmappable, "must start with an object"},
	{"blocked", create("blocked", "1", `{}`), "elastic", testPassword, shipping.Answered, shipping.Refused, "cluster_block_exception"},
	{"disk_full", create("full", "1", `{}`), "elastic", testPassword, shipping.Answered, shipping.Busy, "cluster_block_exception"},
	{"bad_index", create("Bad", "1", `{}`), "elastic", testPassword, shipping.Answered, shipping.Rejected, "invalid_index_name_exception"},
	{"bad_action", "{\"what\":{}}\n{}\n", "elastic", testPassword, shipping.Unclear, 0, "illegal_argument_exception"},
	{"no_newline", strings.TrimSuffix(create("answers", "4", `{}`), "\n"), "elastic", testPassword, shipping.Unclear, 0, "terminated by a newline"},
	{"wrong_password", create("answers", "5", `{}`), "elastic", "wrong", shipping.Denied, 0, "security_exception"},
	{"pressure", create("answers", "6", `{"t":"`+strings.Repeat("x", 950_000)+`"}`), "elastic", testPassword, shipping.Unavailable, 0, "es_rejected_execution_exception"},
	{"too_large", create("answers", "7", `{"t":"`+strings.Repeat("x", 1_500_000)+`"}`), "elastic", testPassword, shipping.TooLarge, 0, "413"},
}

const testPassword = "secret words"

func create(index, id, source string) string {
	return `{"create":{"_index":"` + index + `","_id":"` + id + `"}}` + "\n" + source + "\n"
}

func answerFile(name string) string { return filepath.Join("testdata", "answers", name+".http") }

// TestRecordedAnswers reads the real server's answers again.
func TestRecordedAnswers(t *testing.T) {
	for i := range answers {
		a := &answers[i]
		t.Run(a.name, func(t *testing.T) {
			raw, err := os.ReadFile(answerFile(a.name))
			must(t, err)
			e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), r)
				must(t, err)
				w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
				w.WriteHeader(resp.StatusCode)
				_, _ = io.Copy(w, resp.Body)
			})
			check(t, i, export(t, e, `{}`))
		})
	}
}

// check compares an answer with what it is to mean.
func check(t *testing.T, i int, r *shipping.Response) {
	t.Helper()
	a := &answers[i]
	text := r.Reason
	for _, e := range r.Errors {
		text += e.Type + ": " + e.Reason
	}
	if r.Verdict != a.verdict || !strings.Contains(text, a.says) {
		t.Errorf("verdict %d: %s", r.Verdict, text)
	}
	if r.Verdict == shipping.Answered && (len(r.Outcomes) != 1 || r.Outcomes[0] != a.outcome) {
		t.Errorf("outcomes %v: %s", r.Outcomes, text)
	}
}

// recordAnswers asks the real server; with -update its answers are recorded.
func recordAnswers(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	s.Must("PUT", "/blocked", `{"settings":{"index.blocks.write":true}}`)
	s.Must("PUT", "/full", `{"settings":{"index.blocks.read_only_allow_delete":true}}`)
	for i := range answers {
		a := &answers[i]
		t.Run(a.name, func(t *testing.T) {
			conf := settings(s)
			conf.User, conf.Password = a.user, config.Secret(a.password)
			if *update {
				conf.Endpoints = []string{recorder(t, s, answerFile(a.name))}
			}
			e, err := New(conf, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
			r, err := e.Export(t.Context(), &shipping.Request{Parts: []shipping.Part{{
				Frame: &frame.Meta{}, Docs: 1, PlainSize: len(a.body), Payload: member(t, a.body)}}})
			must(t, err)
			check(t, i, r)
		})
	}
}

// recorder is a proxy in front of the server that writes its answer to a file.
func recorder(t *testing.T, s *elastic.Server, file string) string {
	target, err := url.Parse(s.URL)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := s.Transport()
	transport.DisableCompression, transport.DisableKeepAlives = true, true
	proxy.Transport = transport
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.URL.Path != "/_bulk" {
			return nil
		}
		raw, err := httputil.DumpResponse(r, true)
		if err != nil {
			return err
		}
		return os.WriteFile(file, raw, 0o644)
	}
	p := httptest.NewServer(proxy)
	t.Cleanup(p.Close)
	return p.URL
}

// member is what follows the header of a gzip member of text.
func member(t *testing.T, text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, err)
	must(t, z.Close())
	return b.Bytes()[10:]
}
