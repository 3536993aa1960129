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

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// introduction is what GET / says of a server (Elasticsearch, "Info API";
// OpenSearch answers alike and adds its distribution).
type introduction struct {
	Version struct {
		Number       string `json:"number"`
		Distribution string `json:"distribution"`
	} `json:"version"`
}

// introduce asks an address once what it is, before any document is sent to
// it. The result is nil when documents may be: also when it does not say, for
// want of the privilege (cluster:monitor/main) or behind a gateway that lets
// bulk requests through only.
func (e *Exporter) introduce(ctx context.Context, a *address) (*shipping.Response, error) {
	a.introducing.Lock()
	defer a.introducing.Unlock()
	if a.introduced {
		return nil, nil
	}
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{"Accept": {"application/json"}}}
	answer, err := e.perform(a, req.WithContext(ctx))
	if err != nil {
		return e.unanswered(ctx, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxIntroduction))
	if err != nil {
		return e.unanswered(ctx, err)
	}
	r := e.judge(a, answer, body)
	a.introduced = r == nil && answer.StatusCode != http.StatusUnauthorized
	return r, nil
}

// maxIntroduction is more than any server says of itself.
const maxIntroduction = 64 << 10

// judge says whether what has answered takes documents.
func (e *Exporter) judge(a *address, answer *http.Response, body []byte) *shipping.Response {
	var in introduction
	_ = json.Unmarshal(body, &in) // What is no JSON has no version.
	h := answer.Header
	switch {
	// Elasticsearch sends it since 7.14, for clients to tell it by.
	case h.Get("X-Elastic-Product") == "Elasticsearch":
		e.addresses.log.Info("connected to Elasticsearch", "address", a.name, "version", in.Version.Number)
	case in.Version.Distribution == "opensearch":
		e.addresses.log.Info("connected to OpenSearch", "address", a.name, "version", in.Version.Number)
	case isTransient(answer.StatusCode):
		return &shipping.Response{Verdict: shipping.Unavailable, Status: answer.StatusCode,
			RetryAfter: retryAfter(h, time.Now()), Reason: a.name + " answers " + answer.Status}
	case in.Version.Number != "":
		e.addresses.log.Info("connected to a server that answers as Elasticsearch does and does not say that it is", "address", a.name, "version", in.Version.Number)
	case answer.StatusCode == http.StatusOK:
		return stranger(a, answer, body)
	}
	return nil
}

// stranger is a server to which documents are not sent: what is in them is not
// for anybody.
func stranger(a *address, answer *http.Response, body []byte) *shipping.Response {
	about := answer.Header.Get("Server")
	if about == "" {
		about = "no Server header"
	}
	return &shipping.Response{Verdict: shipping.Denied, Status: answer.StatusCode,
		Signature: "stranger at " + a.name,
		Reason: fmt.Sprintf("%s is neither Elasticsearch nor OpenSearch: GET / is answered with %s, %q, %q, %.100q",
			a.name, answer.Status, about, answer.Header.Get("Content-Type"), bytes.TrimSpace(body)),
		Cure: "set endpoints to the address of Elasticsearch itself, with the path under which a proxy serves it; no document was sent"}
}
