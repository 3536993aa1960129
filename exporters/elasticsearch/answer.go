package elasticsearch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// unanswered sorts requests that failed without an answer.
func (e *Exporter) unanswered(ctx context.Context, err error) (*shipping.Response, error) {
	switch {
	case context.Cause(ctx) == errTimeout:
		return e.timedOut(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case isWithoutSecret(err):
		return &shipping.Response{Verdict: shipping.Denied, Reason: err.Error(),
			Cure: "see that the file exists, is readable for the agent and has the secret in it; it is read again for each request"}, nil
	case isUntrusted(err):
		return &shipping.Response{Verdict: shipping.Denied, Reason: err.Error(),
			Cure: "set tls.ca_file to the authority that signed Elasticsearch's certificate, and the address to a name in it"}, nil
	case isUnconnected(err):
		return &shipping.Response{Verdict: shipping.Unavailable, Reason: err.Error()}, nil
	}
	// The connection ended while the request was on its way or served: what
	// stands in between may do so because of what is in it.
	return &shipping.Response{Verdict: shipping.Unclear, Signature: "connection closed without an answer",
		Reason: "the connection was closed without an answer: " + err.Error(), Raw: err.Error()}, nil
}

func (e *Exporter) timedOut() *shipping.Response {
	return &shipping.Response{Verdict: shipping.Unavailable,
		Reason: fmt.Sprintf("Elasticsearch did not answer within %v", e.timeout)}
}

func isWithoutSecret(err error) bool {
	_, without := errors.AsType[errSecret](err)
	return without
}

// isUntrusted says that the server's certificate was not accepted.
func isUntrusted(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return verification || authority || host
}

// isUnconnected says that nothing was sent.
func isUnconnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
}

// answered sorts answers by their status.
func (e *Exporter) answered(ctx context.Context, resp *http.Response, req *shipping.Request) (*shipping.Response, error) {
	in := &answerBody{Reader: resp.Body}
	if resp.StatusCode == http.StatusOK {
		return e.items(ctx, resp, in, req)
	}
	a := readRefusal(resp, in)
	switch s := resp.StatusCode; {
	case s == http.StatusRequestEntityTooLarge:
		a.Verdict = shipping.TooLarge
	case s == http.StatusUnauthorized:
		a.Verdict, a.Cure = shipping.Denied, "check user and password, api_key or bearer_token; a secret in a file is read again for each request"
	case s == http.StatusProxyAuthRequired:
		a.Verdict, a.Cure = shipping.Denied, "check the user and password in proxy_url"
	case s == http.StatusForbidden && a.kind == clusterBlock:
		a.Verdict, a.Cure = shipping.Denied, "lift the block that the reason names: cluster.blocks.read_only or read_only_allow_delete in the cluster's settings"
	case s == http.StatusForbidden && a.kind != "":
		a.Verdict, a.Cure = shipping.Denied, "give the credentials the index privileges create_doc and auto_configure on the data streams"
	case s == http.StatusNotFound, s/100 == 3:
		a.Verdict, a.Cure = shipping.Denied, "check the address in endpoints: it must be that of Elasticsearch itself"
	case isTransient(s):
		a.Verdict = shipping.Unavailable
	default:
		a.Verdict = shipping.Unclear
	}
	return &a.Response, nil
}

// isTransient are statuses that pass by themselves: overload, time-outs, and
// gateways (also those of content networks, 520 to 530) without a backend.
func isTransient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusTooEarly,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInsufficientStorage:
		return true
	}
	return status >= 520 && status <= 530
}

// items reads the answer of a request that was carried out.
func (e *Exporter) items(ctx context.Context, resp *http.Response, in *answerBody, req *shipping.Request) (*shipping.Response, error) {
	r := replies.Get().(*reply)
	defer replies.Put(r)
	docs := req.Docs()
	err := r.read(in, docs)
	outcomes, explained := r.take()
	switch {
	case context.Cause(ctx) == errTimeout:
		return e.timedOut(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return unreadable(resp, in, err), nil
	case len(outcomes) != docs:
		return &shipping.Response{Verdict: shipping.Miscounted, Status: resp.StatusCode,
			Reason: fmt.Sprintf("the answer has %d items for %d documents", len(outcomes), docs),
			Cure:   "find out what stands between this node and Elasticsearch and shortens compressed requests"}, nil
	}
	a := &shipping.Response{Verdict: shipping.Answered, Status: resp.StatusCode, Outcomes: outcomes, Errors: explained}
	for i := range explained {
		switch e := &explained[i]; {
		case e.Type == failureStore:
			a.Diverted++
		case isPipelineMissing(e.Type, e.Reason):
			a.Cure = "make the ingest pipeline that the reason names, or change pipeline in the exporter's configuration or in the index"
		}
	}
	switch err := e.dedupe(ctx, req, r, a); {
	case context.Cause(ctx) == errTimeout:
		return e.timedOut(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return &shipping.Response{Verdict: shipping.Unavailable, Reason: err.Error()}, nil
	}
	return a, nil
}

func unreadable(resp *http.Response, in *answerBody, err error) *shipping.Response {
	return &shipping.Response{
		Verdict:   shipping.Unclear,
		Status:    resp.StatusCode,
		Signature: "unreadable " + signature(resp),
		Reason:    fmt.Sprintf("%s: %v", resp.Status, err),
		Raw:       in.first.String(),
	}
}

// signature is the same for answers of one kind: pages of firewalls differ
// from each other by a number or time in them.
func signature(resp *http.Response) string {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strconv.Itoa(resp.StatusCode) + " " + kind
}

// clusterBlock is the type of errors about what is blocked: an index, or all.
const clusterBlock = "cluster_block_exception"

// refusal is the answer to a request that was not carried out.
type refusal struct {
	shipping.Response
	// kind is the type of Elasticsearch's own error, empty for anybody else's.
	kind string
}

// readRefusal reads what is said about a refusal: Elasticsearch's error, or
// the first bytes of anything else.
func readRefusal(resp *http.Response, in *answerBody) refusal {
	r := replies.Get().(*reply)
	defer replies.Put(r)
	kind, reason := r.readRefusal(in)
	a := refusal{kind: kind}
	a.Status, a.RetryAfter, a.Signature = resp.StatusCode, retryAfter(resp.Header, time.Now()), signature(resp)
	a.Raw = resp.Status + ": " + in.first.String()
	if kind == "" {
		a.Reason = fmt.Sprintf("%s: %.200s", resp.Status, bytes.TrimSpace(in.first.Bytes()))
		return a
	}
	a.Reason = fmt.Sprintf("%s: %s: %s", resp.Status, kind, reason)
	a.Signature += " " + kind
	return a
}

// maxRetryAfter bounds what a server can ask for.
const maxRetryAfter = 15 * time.Minute

// retryAfter reads the header of RFC 9110, 10.2.3: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	wait := time.Duration(0)
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		wait = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		wait = t.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
