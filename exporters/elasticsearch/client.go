package elasticsearch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Client sends single calls with an exporter's addresses, credentials and
// certificates, for what sets up and examines a cluster.
type Client struct{ exporter *Exporter }

// NewClient makes a client. It does not connect.
func NewClient(c Config, log *slog.Logger) (*Client, error) {
	e, err := New(c, log)
	return &Client{e}, err
}

// Close gives up idle connections.
func (c *Client) Close() error { return c.exporter.Close() }

// maxDocument bounds what a call may answer.
const maxDocument = 16 << 20

// Do sends a body of JSON, or none, and returns the answer whatever its status.
func (c *Client) Do(ctx context.Context, method, target string, body []byte) (status int, header http.Header, answer []byte, err error) {
	u, err := url.Parse(target)
	if err != nil {
		return 0, nil, nil, err
	}
	req := &http.Request{Method: method, URL: u, Header: http.Header{"Accept": {"application/json"}}}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return c.Send(req.WithContext(ctx))
}

// Send sends a request to the configured address, which the request's own lacks.
func (c *Client) Send(req *http.Request) (status int, header http.Header, answer []byte, err error) {
	e := c.exporter
	ctx, cancel := context.WithTimeoutCause(req.Context(), e.timeout, errTimeout)
	defer cancel()
	a, err := e.perform(e.addresses.choose(time.Now()), req.WithContext(ctx))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(a.Body, maxDocument))
	return a.StatusCode, a.Header, answer, err
}
