package hazards

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// TestStalledFsyncStopsNothingElse holds an fsync of the journal until the
// agent has noticed, half a minute in the long form. Meanwhile it says what is
// wrong, answers its probes, its metrics and status, lets itself be searched,
// and delivers what is durable; then it goes on.
func TestStalledFsyncStopsNothingElse(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "503"))
	agent := d.start()
	generator := d.Generate("-seed", seed(382), "-containers", "3", "-plains", "1", "-rate", "400")
	d.figure("lines wait in the journal", atLeast(100), "tailrace_receiver_accepted_log_records_total")

	held := make(chan struct{})
	fault := d.inject(errfs.Fault{Calls: []errfs.Call{errfs.Sync}, Name: segmentSuffix, Times: 1, Until: held})
	release := onceClosed(t, held)
	d.fired(fault, 1)
	began := time.Now()
	d.sink.Behave("ok")
	d.arrived(100)
	d.saying(agent, "has not returned")
	for first := true; first || tortured() && time.Since(began) < 30*time.Second; first = false {
		d.answers(t)
	}
	release()
	d.saying(agent, "the journal writes again")
	d.settle(generator, agent)
}

// onceClosed is how to close c: when the test ends, at the latest.
func onceClosed(t *testing.T, c chan struct{}) (release func()) {
	t.Helper()
	closed := false
	release = func() {
		if !closed {
			close(c)
		}
		closed = true
	}
	t.Cleanup(release)
	return release
}

// answers asks the agent for all that must not wait for an fsync.
func (d *disk) answers(t *testing.T) {
	t.Helper()
	if code, text := d.health(); code != 200 {
		t.Errorf("health answers %d %s: a slow disk is no reason to restart the agent", code, text)
	}
	if _, err := d.Figures(); err != nil {
		t.Errorf("the metrics: %v", err)
	}
	if s := d.status(); !strings.Contains(s, "has not returned") || !strings.Contains(s, "overloaded or failing") {
		t.Errorf("status does not say what is wrong:\n%s", s)
	}
	out, code := testkit.Output(t, testkit.Agent(t), "grep", "--journal", d.Path("state"), ".")
	if code != 0 {
		t.Errorf("grep ends with %d\n%s", code, out)
	}
}
