// Package cluster knows what an Elasticsearch cluster must have for the agent's
// documents: templates, a lifecycle, a role, an API key and privileges. It says
// what is missing, makes it, and leaves alone what people have changed.
package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Server is a cluster's HTTP API. A status that says that a call failed is no
// error.
type Server interface {
	Do(ctx context.Context, method, target string, body []byte) (status int, header http.Header, answer []byte, err error)
}

// Refusal is an answer that says that a call failed.
type Refusal struct {
	Method, Target string
	Status         int
	Reason         string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%s %s: %d %s", r.Method, r.Target, r.Status, r.Reason)
}

// forbids says that the credentials lack a right.
func (r *Refusal) forbids() bool {
	return r.Status == http.StatusForbidden || r.Status == http.StatusUnauthorized
}

// unknown says that the server does not know the call.
func (r *Refusal) unknown() bool {
	return r.Status == http.StatusBadRequest || r.Status == http.StatusNotFound || r.Status == http.StatusMethodNotAllowed
}

// call sends JSON, or nothing, and reads the answer into into unless that is
// nil.
func call(ctx context.Context, s Server, method, target string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	status, answer, err := patiently(ctx, s, method, target, text)
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return &Refusal{method, target, status, reason(answer)}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the answer to %s %s is no JSON as expected: %w", method, target, err)
	}
	return nil
}

// patience is how long a cluster may be busy, or the shards of its own indices
// not there yet, as after its start.
const patience = time.Minute

// patiently repeats a call that may be repeated while the cluster answers 429
// or 503.
func patiently(ctx context.Context, s Server, method, target string, body []byte) (status int, answer []byte, err error) {
	for began, pause := time.Now(), 100*time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		status, _, answer, err = s.Do(ctx, method, target, body)
		busy := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
		if err != nil || !busy || method == http.MethodPost || time.Since(began) > patience {
			return status, answer, err
		}
		select {
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// reason is what an answer says about a failure.
func reason(body []byte) string {
	var e struct{ Error json.RawMessage }
	var detail struct{ Type, Reason string }
	if json.Unmarshal(body, &e) == nil && json.Unmarshal(e.Error, &detail) == nil && detail.Type != "" {
		return detail.Type + ": " + detail.Reason
	}
	return string(body[:min(len(body), 300)])
}
