package kubernetes

import (
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// What the processor needs of the API server can be tried without it.
func TestProbeAsksAsTheProcessorDoes(t *testing.T) {
	a := newAPI(t)
	c := DefaultConfig()
	c.Endpoint, c.TokenFile, c.CAFile = a.server.URL, "", ""
	if n, err := Probe(t.Context(), &c, "node-1"); n != 0 || err != nil {
		t.Errorf("no pod: %d, %v", n, err)
	}
	a.pods = []*corev1.Pod{{}}
	if n, err := Probe(t.Context(), &c, "node-1"); n != 1 || err != nil || !a.seen("list /api/v1/pods spec.nodeName=node-1") {
		t.Errorf("one pod: %d, %v", n, err)
	}
	for status, cure := range map[int]string{http.StatusForbidden: "ClusterRole", http.StatusUnauthorized: "token", http.StatusServiceUnavailable: ""} {
		a.refuse("list", status)
		_, err := Probe(t.Context(), &c, "node-1")
		if err == nil || !strings.Contains(CureOf(err), cure) || (cure == "") != (CureOf(err) == "") {
			t.Errorf("%d: %v: %q", status, err, CureOf(err))
		}
	}
	c.TokenFile = "/none"
	if _, err := Probe(t.Context(), &c, "node-1"); err == nil {
		t.Error("no token, and no error")
	}
}
