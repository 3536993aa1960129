package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
)

func TestAnAgentThatWaitsForItsDiskSaysWhy(t *testing.T) {
	n := newNode(t)
	cfg := n.config(toConsole)
	cfg.Service.Telemetry.Metrics.Address = testkit.FreeAddress(t)
	w := (&Agent{cfg: cfg, log: n.options().Logger, node: "n", hold: &Hold{}}).newWaitingRoom()
	get := func(path string) (int, string) {
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request(t, "http://"+w.address+path))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	w.tell(syscall.EIO)
	w.tell(syscall.EROFS)
	const trouble, cure = "read-only file system", "remount it read-write"
	for path, want := range map[string]int{telemetry.PathHealth: 200, telemetry.PathReady: 503} {
		if code, text := get(path); code != want || !strings.Contains(text, trouble) || !strings.Contains(text, cure) {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	if _, text := get(telemetry.PathMetrics); !strings.Contains(text, "\ntailrace_journal_full 1\n") {
		t.Errorf("the metrics do not tell of it:\n%s", text)
	}
	var r status.Report
	if _, text := get(status.Path); json.Unmarshal([]byte(text), &r) != nil || !r.Live || r.Node != "n" ||
		r.Journal.Directory != cfg.Service.Journal.Directory || r.Journal.Trouble != trouble || !strings.Contains(r.Journal.Cure, cure) {
		t.Errorf("the status: %s", text)
	}
	other := (&Agent{cfg: cfg, log: n.options().Logger, hold: &Hold{}}).newWaitingRoom()
	other.tell(syscall.EROFS)
	other.tell(syscall.EROFS)
	if said := strings.Count(n.logs.String(), "cannot be asked why"); said != 1 || other.hold.Close() != nil {
		t.Errorf("an address in use is told of %d times", said)
	}
	if err := w.hold.Close(); err != nil {
		t.Fatal(err)
	}
	if other.tell(syscall.EROFS); !other.answers || other.hold.Close() != nil {
		t.Error("an address that is free again is not used")
	}
}

// TestAnAgentThatWaitsForAnotherIsReady asks two waiting rooms: of a second
// agent, which can do no better, and of one whose disk fails.
func TestAnAgentThatWaitsForAnotherIsReady(t *testing.T) {
	w := &waitingRoom{trouble: fmt.Errorf("lock: %w", vfs.ErrLocked)}
	if err := w.ready(); err != nil || !strings.Contains(w.why(), "another agent works on the same journal directory") {
		t.Errorf("waiting for another agent: %v, %s", err, w.why())
	}
	w.trouble = syscall.EIO
	if err := w.ready(); err == nil {
		t.Error("an agent whose disk fails is ready")
	}
}

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
