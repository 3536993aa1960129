package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func serve(t *testing.T, script string) (*httptest.Server, string) {
	t.Helper()
	record := filepath.Join(t.TempDir(), "record")
	s, err := NewSink(record)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Script.Set(script); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server, record
}

func bulkBody(ids ...string) string {
	var b strings.Builder
	for i, id := range ids {
		text, _ := json.Marshal(string(Payload{"s", uint64(i + 1), []byte("x.")}.Append(nil)))
		fmt.Fprintf(&b, `{"create":{"_index":"logs-a","_id":"%s"}}`+"\n"+`{"body":{"text":%s}}`+"\n", id, text)
	}
	return b.String()
}

func zip(members ...string) []byte {
	var b bytes.Buffer
	for _, m := range members {
		z := gzip.NewWriter(&b)
		io.WriteString(z, m)
		z.Close()
	}
	return b.Bytes()
}

// statuses posts a body and returns the items' statuses, or nil when there is
// no usable answer.
func statuses(t *testing.T, url string, body []byte) (code int, items []int) {
	t.Helper()
	req, _ := http.NewRequest("POST", url+"/_bulk?filter_path=errors,items.*.status,items.*._index", bytes.NewReader(body))
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var reply struct {
		Items []map[string]struct {
			Status int
			Index  string `json:"_index"`
		}
	}
	json.NewDecoder(resp.Body).Decode(&reply)
	for _, i := range reply.Items {
		if i["create"].Index == "" {
			t.Error("an item lacks the _index that was asked for")
		}
		items = append(items, i["create"].Status)
	}
	return resp.StatusCode, items
}

func TestSinkAnswersAsElasticsearchDoes(t *testing.T) {
	poison := strings.Replace(bulkBody("p"), "{\"body\"", `{"poison":true,"body"`, 1)
	extra := zip(bulkBody("x"))
	extra[3] |= 1 << 2
	for _, c := range []struct {
		name, script string
		body         []byte
		code         int
		items        []int
		stored       int
	}{
		{"stored", "ok", zip(bulkBody("a", "b")), 200, []int{201, 201}, 2},
		{"the same id again", "ok", zip(bulkBody("a", "a")), 200, []int{201, 409}, 1},
		{"several members", "ok", zip(bulkBody("a"), "", bulkBody("b")), 200, []int{201, 201}, 2},
		{"refused for good", "ok", zip(poison), 200, []int{400}, 0},
		{"an extra field in the header", "ok", extra, 0, nil, 0},
		{"no last newline", "ok", zip(strings.TrimSpace(bulkBody("a"))), 400, nil, 0},
		{"busy", "429", zip(bulkBody("a")), 429, nil, 0},
		{"unavailable", "503", zip(bulkBody("a")), 503, nil, 0},
		{"reset", "reset", zip(bulkBody("a")), 0, nil, 0},
		{"cut after storing", "cut", zip(bulkBody("a")), 0, nil, 1},
		{"partly busy", "partly", zip(bulkBody("a", "b", "c")), 200, []int{201, 429, 201}, 2},
		{"short answer", "short", zip(bulkBody("a", "b")), 200, []int{201}, 2},
		{"let through", "firewall", zip(bulkBody("a")), 200, []int{201}, 1},
		{"blocked", "firewall", zip(bulkBody("a"), strings.Replace(poison, "poison", "<script>", 1)), 403, nil, 0},
		{"a page", "html", zip(bulkBody("a")), 200, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, record := serve(t, c.script)
			code, items := statuses(t, server.URL, c.body)
			if code != c.code || !slices.Equal(items, c.items) {
				t.Errorf("answered %d %v, wanted %d %v", code, items, c.code, c.items)
			}
			arrivals, err := ReadRecord(record)
			stored := slices.DeleteFunc(arrivals, func(a Arrival) bool { return a.Kind != 'S' })
			if err != nil || len(stored) != c.stored {
				t.Errorf("%d stored, wanted %d (%v)", len(stored), c.stored, err)
			}
		})
	}
}

func TestSinkKnowsItsDocumentsAfterARestart(t *testing.T) {
	server, record := serve(t, "ok")
	statuses(t, server.URL, zip(bulkBody("a", "b")))
	again, err := NewSink(record)
	if err != nil {
		t.Fatal(err)
	}
	second := httptest.NewServer(again.Handler())
	defer second.Close()
	if _, items := statuses(t, second.URL, zip(bulkBody("a", "c"))); !slices.Equal(items, []int{409, 201}) {
		t.Errorf("answered %v", items)
	}
}

func TestJournalIsReadMemberByMember(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "1.ndjson.gz")
	first, second := zip(bulkBody("a", "b")), zip(bulkBody("c"))
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scan := NewJournalScan(dir)
	for _, c := range []struct {
		name  string
		bytes []byte
		docs  int
	}{
		{"half a member", first[:len(first)/2], 0},
		{"one and a torn header", slices.Concat(first, second[:5]), 2},
		{"one and allocated space", slices.Concat(first, make([]byte, 512)), 2},
		{"both", slices.Concat(first, second), 3},
	} {
		write(c.bytes)
		if err := scan.More(); err != nil || len(scan.Docs) != c.docs {
			t.Errorf("%s: %d documents, wanted %d (%v)", c.name, len(scan.Docs), c.docs, err)
		}
	}
	write(first)
	if err := scan.More(); err == nil {
		t.Error("whole members were cut off and nobody noticed")
	}
}
