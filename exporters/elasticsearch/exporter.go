// Package elasticsearch posts frames to Elasticsearch's _bulk API: the bytes
// of the journal, in plain gzip members one after the other, never compressed
// again. It does one attempt per call; package shipping decides what follows.
package elasticsearch

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// Exporter implements shipping.Exporter. It is safe for concurrent use.
type Exporter struct {
	addresses *addresses
	transport *transport
	query     string
	timeout   time.Duration
	rollover  rollover
}

// filterPath asks for what the answer is read for and nothing else. Without
// items.*.status, documents without an error would be left out, and with them
// count and position.
const filterPath = "took,errors,items.*.status,items.*._index,items.*.failure_store," +
	"items.*.error.type,items.*.error.reason"

// New makes an exporter. It does not connect.
func New(c Config, log *slog.Logger) (*Exporter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	transport, err := newTransport(&c, log)
	if err != nil {
		return nil, err
	}
	addresses, err := newAddresses(&c, transport, log)
	if err != nil {
		return nil, err
	}
	if c.TLS.InsecureSkipVerify {
		log.Warn("anybody between here and Elasticsearch can read and change events: set tls.ca_file instead of tls.insecure_skip_verify")
	}
	return &Exporter{addresses: addresses, transport: transport, query: query(c.Pipeline), timeout: c.Timeout, rollover: rollover{log: log}}, nil
}

func query(pipeline string) string {
	q := "filter_path=" + filterPath
	if pipeline != "" {
		q += "&pipeline=" + url.QueryEscape(pipeline)
	}
	return q
}

// newClient is Elastic's transport, which knows several addresses and marks
// dead ones. It never retries: the shipping loop does.
func newClient(c *Config, transport http.RoundTripper) (*elastictransport.Client, error) {
	urls, err := c.addresses()
	if err != nil {
		return nil, err
	}
	options := []elastictransport.Option{
		elastictransport.WithURLs(urls...),
		elastictransport.WithTransport(transport),
		elastictransport.WithDisableRetry(),
		elastictransport.WithUserAgent("tailrace"),
	}
	return elastictransport.NewClient(options...)
}

// Close gives up idle connections.
func (e *Exporter) Close() error {
	e.transport.CloseIdleConnections()
	return nil
}

// errTimeout is the cause of a request's end by the exporter's own limit.
var errTimeout = errors.New("no answer in time")

// Export implements shipping.Exporter.
func (e *Exporter) Export(ctx context.Context, req *shipping.Request) (*shipping.Response, error) {
	limited, cancel := context.WithTimeoutCause(ctx, e.timeout, errTimeout)
	defer cancel()
	a, cut := e.addresses.choose(time.Now()), 0
	if r, err := e.introduce(limited, a); r != nil || err != nil {
		return r, err
	}
	if a.single.Load() && len(req.Parts) > 1 {
		req, cut = &shipping.Request{Parts: req.Parts[:1]}, 1
	}
	r, err := e.post(limited, a, req)
	if err != nil {
		return nil, err
	}
	r.Parts = cut
	if r.Verdict == shipping.Miscounted && len(req.Parts) > 1 {
		a.single.Store(true)
	}
	return r, nil
}

// post sends a bulk request to an address.
func (e *Exporter) post(ctx context.Context, a *address, req *shipping.Request) (*shipping.Response, error) {
	b := newBody(req.Parts)
	defer b.release()
	answer, err := e.perform(a, e.request(ctx, b))
	if err != nil {
		return e.unanswered(ctx, err)
	}
	defer answer.Body.Close()
	return e.answered(ctx, answer, req)
}

// perform sends a request to an address and notes whether that works.
func (e *Exporter) perform(a *address, req *http.Request) (*http.Response, error) {
	answer, err := a.client.Perform(req)
	switch {
	case err == nil && isAddressFault(answer.StatusCode):
		e.addresses.failed(a, time.Now(), answer.Status)
	case err == nil:
		e.addresses.works(a)
	case isWithoutSecret(err), req.Context().Err() != nil && context.Cause(req.Context()) != errTimeout:
		// Nothing was asked of it, or nobody waited for the answer.
	default:
		e.addresses.failed(a, time.Now(), err.Error())
	}
	return answer, err
}

func (e *Exporter) request(ctx context.Context, b *body) *http.Request {
	req := &http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Path: "/_bulk", RawQuery: e.query},
		Header: http.Header{
			"Content-Type":     {"application/x-ndjson"},
			"Content-Encoding": {"gzip"},
			"Accept":           {"application/json"},
		},
		Body:          b.open(),
		ContentLength: b.length,
		// net/http needs it to repeat a request for which an idle connection
		// was closed before anything was sent.
		GetBody: func() (io.ReadCloser, error) { return b.open(), nil },
	}
	return req.WithContext(ctx)
}
