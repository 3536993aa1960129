package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// index is a backend that knows ids and answers documents with "bad" in them
// with a status of its own.
type index struct {
	*httptest.Server
	mu  sync.Mutex
	ids map[string]bool
	bad int
}

func newIndex(t *testing.T) *index {
	x := &index{ids: map[string]bool{}, bad: 400}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.URL.Path != "/_bulk" {
			_, _ = io.WriteString(w, "{}")
			return
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": x.bulk(body)})
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *index) bulk(body []byte) (items []any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range frame.Documents(body) {
		id := string(d.Action)
		item := map[string]any{"status": 201}
		switch {
		case x.bad != 201 && strings.Contains(string(d.Source), "bad"):
			item = map[string]any{"status": x.bad, "error": map[string]any{"type": "some_exception", "reason": "bad"}}
		case x.ids[id]:
			item["status"] = 409
		default:
			x.ids[id] = true
		}
		items = append(items, map[string]any{"create": item})
	}
	return items
}

// answerBad changes how bad documents are answered.
func (x *index) answerBad(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bad = status
}

func TestResendCountsWhatTheBackendHad(t *testing.T) {
	n := newNode(t)
	for _, text := range []string{"one", "two", "bad", "three"} {
		n.write(text)
	}
	a, stop := n.start(toConsole)
	n.until("four lines", func() bool { return a.Snapshot().Lines == 4 })
	stop()

	x := newIndex(t)
	cfg := n.config(fmt.Sprintf("{elasticsearch: {endpoints: [%q]}}", x.URL))
	r := Range{
		Reader: journal.NewReader(vfs.OS{}, filepath.Join(n.dir, "state", LogsDir)), Damaged: func(err error) { t.Error(err) },
		Wants: func(doc []byte) bool { return !strings.Contains(string(doc), "two") }, Selective: true,
	}
	for f, err := range r.Frames(t.Context(), func(int64) {}) {
		if err != nil || f.Meta.MinTime == 0 || f.Meta.MaxTime < f.Meta.MinTime || f.Meta.JournalTime == 0 {
			t.Errorf("picked documents of frame %d: %d to %d, written at %d, %v", f.Meta.Seq, f.Meta.MinTime, f.Meta.MaxTime, f.Meta.JournalTime, err)
		}
	}
	send := func() Resent {
		t.Helper()
		size, err := r.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		passed, shown := int64(0), 0
		got, err := Resend(t.Context(), cfg, ResendOptions{
			Exporter: config.ID{Type: "elasticsearch"}, Frames: r.Frames(t.Context(), func(bytes int64) { passed += bytes }),
			Progress: func(Resent) { shown++ }, Logger: slog.New(slog.DiscardHandler), Stdout: io.Discard,
		})
		if err != nil || passed != size.Bytes || size.Frames == 0 || shown == 0 {
			t.Errorf("%v, %d bytes passed of %+v, progress shown %d times", err, passed, size, shown)
		}
		return got
	}
	refused := map[string]uint64{"400 some_exception: bad": 1}
	if diff := cmp.Diff(Resent{Stored: 2, Refused: refused}, send(), cmp.AllowUnexported(shipping.Trouble{})); diff != "" {
		t.Errorf("first time (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Resent{Existed: 2, Refused: refused}, send(), cmp.AllowUnexported(shipping.Trouble{})); diff != "" {
		t.Errorf("second time (-want +got):\n%s", diff)
	}
}
