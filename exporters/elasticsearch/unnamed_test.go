package elasticsearch

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// What another producer leaves without an id, or indexes, has no older copies:
// only the document that is created under an id is looked for, and taken away.
func TestOnlyDocumentsThatAreCreatedUnderAnIDHaveOlderCopies(t *testing.T) {
	const older, younger = ".ds-logs-a-b-2026.11.21-000001", ".ds-logs-a-b-2026.11.22-000002"
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer := "{}"
		switch {
		case strings.HasSuffix(r.URL.Path, "/_bulk") && r.URL.Query().Get("filter_path") == filterPath:
			item := func(op string) string { return `{"` + op + `":{"_index":"` + younger + `","status":201}}` }
			answer = `{"items":[` + item("create") + "," + item("create") + "," + item("index") + `]}`
		case strings.HasSuffix(r.URL.Path, "/_bulk"):
			asked = append(asked, string(body))
			answer = `{"items":[{"delete":{"status":200}}]}`
		case strings.HasSuffix(r.URL.Path, "/_settings"):
			asked = append(asked, r.URL.Path)
			answer = `{"` + older + `":{"settings":{"index":{"creation_date":"1000"}}},"` + younger + `":{"settings":{"index":{"creation_date":"2000"}}}}`
		case strings.HasSuffix(r.URL.Path, "/_mget"):
			asked = append(asked, string(body))
			answer = `{"docs":[]}`
		}
		says(http.StatusOK, "application/json", answer)(w, r)
	}))
	defer s.Close()
	c := DefaultConfig()
	c.Endpoint = s.URL
	e, err := New(c, slog.New(slog.DiscardHandler))
	must(t, err)
	defer e.Close()
	b := frame.NewBuilder(1)
	for _, action := range []string{`{"create":{"_index":"logs-a-b"}}`, `{"create":{"_index":"logs-a-b","_id":"named"}}`, `{"index":{"_index":"logs-a-b","_id":"replaced"}}`} {
		b.AddDoc(frame.Doc{Action: []byte(action), Source: []byte("{}")})
	}
	sealed := b.Seal(frame.Meta{MaybeSeen: true})
	r, err := e.Export(t.Context(), &shipping.Request{Parts: []shipping.Part{{
		Frame: &sealed.Meta, Docs: 3, PlainSize: int(sealed.Meta.PlainSize), Payload: sealed.Payload}}})
	must(t, err)
	if r.Verdict != shipping.Answered || r.Removed != 0 {
		t.Errorf("the answer is %+v", r)
	}
	if got := strings.Join(asked, "\n"); got != "/logs-a-b/_settings\n"+`{"ids":["named"]}` {
		t.Errorf("Elasticsearch is asked\n%s", got)
	}
}
