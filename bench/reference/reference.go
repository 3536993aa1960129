// Package reference is what the yardsticks share: what they are told, and how
// they send. What they differ in, they do not share.
package reference

import (
	"fmt"
	"io"
	"net/http"

	"github.com/tailrace/tailrace/bench/corpus"
)

// Config says what to send where.
type Config struct {
	Kind corpus.Kind
	Pod  corpus.Pod
	// Path is the container's log, of which the first Lines lines are sent, or
	// all when Lines is 0.
	Path  string
	Lines int
	// URL is where _bulk is.
	URL string
	// BulkBytes is how many bytes of documents one request holds.
	BulkBytes int
}

// Post sends the gzip body of a _bulk request.
func Post(url string, body io.Reader) error {
	req, err := http.NewRequest(http.MethodPost, url+"/_bulk", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink answered %s", resp.Status)
	}
	return nil
}
