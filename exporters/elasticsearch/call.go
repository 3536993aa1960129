package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// callError is an answer that says that a call failed.
type callError struct {
	status int
	reason string
}

func (e *callError) Error() string { return fmt.Sprintf("%d %s", e.status, e.reason) }

// forbids says that the credentials lack a right.
func (e *callError) forbids() bool {
	return e.status == http.StatusForbidden || e.status == http.StatusUnauthorized
}

// maxAnswer bounds the answer to a call.
const maxAnswer = 64 << 20

// call sends JSON, or nothing, and reads the answer into into. target is a
// path with its query.
func (e *Exporter) call(ctx context.Context, method, target string, body []byte, into any) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	req := &http.Request{Method: method, URL: u, Header: http.Header{"Accept": {"application/json"}}}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	answer, err := e.perform(e.addresses.choose(time.Now()), req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	in := &answerBody{Reader: io.LimitReader(answer.Body, maxAnswer)}
	if answer.StatusCode/100 != 2 {
		return &callError{answer.StatusCode, readRefusal(answer, in).Reason}
	}
	if err := json.NewDecoder(in).Decode(into); err != nil {
		return fmt.Errorf("the answer to %s %s: %w", method, u.Path, err)
	}
	return nil
}
