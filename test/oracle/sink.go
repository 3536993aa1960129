package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Sink answers like Elasticsearch's bulk API and records what it stored.
type Sink struct {
	Script Script

	mu     sync.Mutex
	record *Record
	// created is when the sink's indices were: long before any frame.
	created  time.Time
	requests atomic.Int64
	faults   atomic.Int64
}

// NewSink goes on with the record of that name, or begins it.
func NewSink(record string) (*Sink, error) {
	r, err := OpenRecord(record)
	if err != nil {
		return nil, err
	}
	s := &Sink{record: r, created: time.Now().Add(-24 * time.Hour)}
	return s, s.Script.Set("ok")
}

// Stats are what a sink has seen.
type Stats struct {
	Stored, Repeats, Refused int
	Requests, Faults         int64
}

// Handler serves the bulk API, and under /_oracle/ what tests use: POST
// script, GET stats.
func (s *Sink) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_bulk", s.bulk)
	mux.HandleFunc("GET /{index}/_settings", s.settings)
	mux.HandleFunc("GET /{index}/_doc/{id}", s.document)
	mux.HandleFunc("GET /{$}", s.info)
	mux.HandleFunc("POST /_oracle/script", s.setScript)
	mux.HandleFunc("GET /_oracle/stats", s.stats)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		mux.ServeHTTP(w, r)
	})
}

// bulk does what the script says. The request is read before most faults, as
// a real server does.
func (s *Sink) bulk(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	do, rest := s.Script.Now()
	if do != Fine {
		s.faults.Add(1)
	}
	if do == Reset {
		hangUp(w)
		return
	}
	items, err := readBulk(r)
	if err != nil {
		s.malformed(w, err)
		return
	}
	switch do {
	case Busy, Unavailable, BadGateway:
		refuse(w, do)
		return
	case HTML:
		fmt.Fprint(w, "<html><body>welcome</body></html>")
		return
	}
	if do == Firewall && suspicious(items) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<html><body>Request blocked. Reference 18.2f3</body></html>")
		return
	}
	answers := s.store(items, do)
	switch do {
	case Cut:
		hangUp(w)
		return
	case Stall:
		waitFor(r, rest)
	case Short:
		answers = answers[:len(answers)-1]
	}
	respond(w, r, answers)
}

// suspicious is what a web firewall thinks of a request.
func suspicious(items []Item) bool {
	return slices.ContainsFunc(items, func(i Item) bool { return bytes.Contains(i.Doc, []byte("<script>")) })
}

// malformed answers a body that is no bulk request. Elasticsearch's HTTP layer
// closes the connection on a gzip header with an extra field.
func (s *Sink) malformed(w http.ResponseWriter, err error) {
	if err == errExtraField {
		hangUp(w)
		return
	}
	w.WriteHeader(http.StatusBadRequest)
	json.NewEncoder(w).Encode(map[string]any{"status": 400,
		"error": map[string]string{"type": "illegal_argument_exception", "reason": err.Error()}})
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

func refuse(w http.ResponseWriter, do Behaviour) {
	status := map[Behaviour]int{Busy: 429, Unavailable: 503, BadGateway: 502}[do]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"type":"es_rejected_execution_exception","reason":"by script"},"status":%d}`, status)
}

func waitFor(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

// Item is an action of a bulk request and its document.
type Item struct {
	Index, ID string
	Doc       []byte
}

var errExtraField = fmt.Errorf("the gzip header has an extra field")

func readBulk(r *http.Request) ([]Item, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		body, err = gunzip(body)
	}
	if err != nil {
		return nil, err
	}
	return ParseBulk(body)
}

func gunzip(body []byte) ([]byte, error) {
	const flags, extra = 3, 1 << 2 // RFC 1952, 2.3.1
	if len(body) > flags && body[flags]&extra != 0 {
		return nil, errExtraField
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// ParseBulk splits a bulk body of create actions.
func ParseBulk(body []byte) ([]Item, error) {
	var items []Item
	for len(body) > 0 {
		action, rest, ok1 := bytes.Cut(body, []byte("\n"))
		doc, rest, ok2 := bytes.Cut(rest, []byte("\n"))
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("the bulk request must be terminated by a newline [\\n]")
		}
		var a struct {
			Create *struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal(action, &a); err != nil || a.Create == nil || a.Create.ID == "" {
			return nil, fmt.Errorf("malformed action/metadata line: %.100q", action)
		}
		items = append(items, Item{a.Create.Index, a.Create.ID, doc})
		body = rest
	}
	return items, nil
}

// answer is what becomes of an item.
type answer struct {
	item   Item
	status int
	kind   string
}

// store records the items that are not refused.
func (s *Sink) store(items []Item, do Behaviour) []answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := make([]answer, len(items))
	for i, item := range items {
		answers[i] = s.storeOne(item, do == Partly && i%3 == 1)
	}
	s.record.Flush()
	return answers
}

func (s *Sink) storeOne(item Item, busy bool) answer {
	switch {
	case busy:
		return answer{item, 429, "es_rejected_execution_exception"}
	case bytes.Contains(item.Doc, []byte(`"poison":true`)):
		s.record.Refuse(item)
		return answer{item, 400, "document_parsing_exception"}
	case !json.Valid(item.Doc):
		s.record.Refuse(item)
		return answer{item, 400, "x_content_parse_exception"}
	case s.record.Store(item):
		return answer{item, 201, ""}
	}
	return answer{item, 409, "version_conflict_engine_exception"}
}

// respond writes an answer with the fields that filter_path asks for, all when
// it asks for none.
func respond(w http.ResponseWriter, r *http.Request, answers []answer) {
	filter := r.URL.Query().Get("filter_path")
	wants := func(field string) bool {
		return filter == "" || strings.Contains(filter, "items.*."+field)
	}
	w.Header().Set("Content-Type", "application/json")
	failed := false
	items := make([]map[string]any, 0, len(answers))
	for _, a := range answers {
		failed = failed || a.status >= 300
		items = append(items, map[string]any{"create": a.fields(wants)})
	}
	json.NewEncoder(w).Encode(map[string]any{"took": 1, "errors": failed, "items": items})
}

func (a answer) fields(wants func(string) bool) map[string]any {
	f := map[string]any{}
	if wants("status") {
		f["status"] = a.status
	}
	if wants("_index") {
		f["_index"] = backing(a.item.Index)
	}
	if wants("_id") {
		f["_id"] = a.item.ID
	}
	if a.status >= 300 && wants("error") {
		f["error"] = map[string]string{"type": a.kind, "reason": "by script"}
	}
	return f
}

// backing is the data stream's only index.
func backing(stream string) string { return ".ds-" + stream + "-2026.01.01-000001" }

func (s *Sink) settings(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, `{"%s":{"settings":{"index":{"creation_date":"%d"}}}}`, backing(r.PathValue("index")), s.created.UnixMilli())
}

func (s *Sink) document(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.record.Has(r.PathValue("id"))
	if !found {
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprintf(w, `{"found":%t}`, found)
}

func (s *Sink) info(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `{"name":"oracle","cluster_name":"oracle","version":{"number":"8.19.8","build_flavor":"default"},"tagline":"You Know, for Search"}`)
}

func (s *Sink) setScript(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.Script.Set(string(text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *Sink) stats(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.record.Stats()
	st.Requests, st.Faults = s.requests.Load(), s.faults.Load()
	json.NewEncoder(w).Encode(st)
}
