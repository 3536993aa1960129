package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// noNetwork answers requests in the place of a network.
type noNetwork func(*http.Request) (*http.Response, error)

func (f noNetwork) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// firstRequest is how long after its start an agent asks the API server first,
// and for what.
func firstRequest(t *testing.T) (after time.Duration, request string) {
	t.Helper()
	s, _ := newPods(t, "", nil)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	s.client.rest.Client = &http.Client{Transport: noNetwork(func(r *http.Request) (*http.Response, error) {
		if request == "" {
			q := r.URL.Query()
			after, request = time.Since(began), fmt.Sprintf("%s %s of %s, version %s", r.Method, r.URL.Path, q.Get("fieldSelector"), q.Get("resourceVersion"))
		}
		cancel()
		return nil, errors.New("there is no network")
	})}
	s.watch(ctx)
	return after, request
}

// TestAgentsThatStartTogetherAskOneAfterTheOther starts many at one time, as
// a rollout or the return of power does.
func TestAgentsThatStartTogetherAskOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []time.Duration
		for range 100 {
			after, request := firstRequest(t)
			if want := "GET /api/v1/pods of spec.nodeName=node, version 0"; request != want {
				t.Fatalf("the first request is %q, want %q", request, want)
			}
			all = append(all, after)
		}
		slices.Sort(all)
		// Fewer than one in 2^90 runs has a hundred even draws in half of the time.
		if first, last := all[0], all[len(all)-1]; last >= startWithin || last-first < startWithin/2 {
			t.Errorf("they ask from %v to %v, want them spread over %v", first, last, startWithin)
		}
	})
}
