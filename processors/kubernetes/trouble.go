package kubernetes

import (
	"context"
	"log/slog"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// trouble says when requests begin to fail, and when they succeed again.
type trouble struct {
	log *slog.Logger

	mu       sync.Mutex
	failures uint64
	// failing has what fails, and how it did last.
	failing map[string]string
	// watching says that a watch was begun since something failed.
	watching bool
}

// note takes the outcome of what was done. The end of ctx is no failure.
func (t *trouble) note(ctx context.Context, what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, failed := t.failing[what]
	switch {
	case err == nil:
		delete(t.failing, what)
		t.watching = len(t.failing) == 0 && (t.watching || what == watching)
		if failed {
			t.log.Info("the Kubernetes API answers again", "request", what)
		}
	case ctx.Err() != context.Canceled:
		t.fail(what, before, err)
	}
}

// watching is the request by which metadata follow the API server.
const watching = "watch pods"

func (t *trouble) fail(what, before string, err error) {
	t.failures++
	t.watching = false
	reason, cure := explain(err)
	if t.failing == nil {
		t.failing = make(map[string]string)
	}
	t.failing[what] = reason
	if before != reason {
		t.log.Warn("a request to the Kubernetes API failed; it is tried again, and logs of pods that are not known are read "+
			"without metadata after wait_for_metadata_timeout", "request", what, "error", err, "cure", cure)
	}
}

// explain tells kinds of failures apart, and what cures them.
func explain(err error) (kind, cure string) {
	switch {
	case apierrors.IsUnauthorized(err):
		return "unauthorized", "check that token_file holds a token that is valid for this API server"
	case apierrors.IsForbidden(err):
		return "forbidden", "give the agent's service account a ClusterRole with the verb that the error names"
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return "expired", "none: everything is listed anew"
	case apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return "overloaded", "none, unless it lasts: see how the API server is"
	}
	return "unreachable", "check that the API server runs, that endpoint and ca_file are its own, and that no network policy is in the way"
}

func (t *trouble) figures() (failures uint64, watching bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failures, t.watching
}
