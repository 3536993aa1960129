package elastic

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Transport makes connections such as the test's own.
func (s *Server) Transport() *http.Transport {
	if t, ok := s.client.Transport.(*http.Transport); ok {
		return t.Clone()
	}
	return &http.Transport{}
}

// Do sends a request and returns the answer's status and body.
func (s *Server) Do(method, path, body string) (int, string) {
	s.t.Helper()
	status, answer, err := s.try(method, path, body)
	s.must(err)
	return status, answer
}

func (s *Server) try(method, path, body string) (int, string, error) {
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.o.Password != "" {
		req.SetBasicAuth("elastic", s.o.Password)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// Must sends a request that has to succeed and returns the answer's body.
func (s *Server) Must(method, path, body string) string {
	s.t.Helper()
	status, answer := s.Do(method, path, body)
	s.mustSucceed(method, path, status, answer)
	return answer
}

func (s *Server) mustSucceed(method, path string, status int, answer string) {
	s.t.Helper()
	if status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
}

// Count is how many documents of an index or data stream match a query string
// of Lucene's syntax; "*" counts all.
func (s *Server) Count(index, query string) int {
	s.t.Helper()
	s.Must("POST", "/"+index+"/_refresh", "")
	body, err := json.Marshal(map[string]any{"query": map[string]any{"query_string": map[string]any{"query": query}}})
	s.must(err)
	var answer struct{ Count int }
	s.must(json.Unmarshal([]byte(s.Search("/"+index+"/_count", string(body))), &answer))
	return answer.Count
}

// shardLimit is how long the shard of a new index may take on a busy machine.
const shardLimit = 2 * time.Minute

// Search is Must for a POST that reads documents. Indices that were created a
// moment ago have no shard yet and answer 503: then the search waits for them.
func (s *Server) Search(path, body string) string {
	s.t.Helper()
	status, answer := s.Do("POST", path, body)
	for deadline := time.Now().Add(shardLimit); status == http.StatusServiceUnavailable && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
		status, answer = s.Do("POST", path, body)
	}
	s.mustSucceed("POST", path, status, answer)
	return answer
}

// Hit is a document that was found.
type Hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// All is every document of an index, or of all backing indices of a data stream.
func (s *Server) All(index string) (all []Hit) {
	s.t.Helper()
	s.Must("POST", "/"+index+"/_refresh", "")
	body := s.Search("/"+index+"/_search?scroll=1m&size=2000", `{"sort":["_doc"]}`)
	for {
		var page struct {
			ScrollID string `json:"_scroll_id"`
			Hits     struct{ Hits []Hit }
		}
		s.must(json.Unmarshal([]byte(body), &page))
		if len(page.Hits.Hits) == 0 {
			return all
		}
		all = append(all, page.Hits.Hits...)
		body = s.Search("/_search/scroll", fmt.Sprintf(`{"scroll":"1m","scroll_id":%q}`, page.ScrollID))
	}
}
