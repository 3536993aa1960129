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
	// Lines are pieces of documents.
	d.figure("lines wait in the journal", atLeast(300), "tailrace_receiver_accepted_log_records_total")

	held := make(chan struct{})
	fault := d.inject(errfs.Fault{Calls: []errfs.Call{errfs.Sync}, Name: segmentSuffix, Times: 1, Until: held})
	release := onceClosed(t, held)
	d.fired(fault, 1)
	d.sink.Behave("ok")
	d.arrived(100)
	d.saying(agent, "has not answered")
	d.answersFor(t, longStall)
	if out, code := testkit.Output(t, testkit.Agent(t), "grep", "--journal", d.Path("state"), "."); code != 0 {
		t.Errorf("grep ends with %d\n%s", code, out)
	}
	release()
	d.saying(agent, "again; nothing was lost")
	d.settle(generator, agent)
}

// TestHangingDiskCanBeAskedAbout holds all that is written and synced, of the
// journal, the positions and the stores, until the agent has noticed: it says
// what is wrong, and answers its probes, its metrics and status. Then it goes
// on.
func TestHangingDiskCanBeAskedAbout(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	agent := d.start()
	generator := d.Generate("-seed", seed(383), "-containers", "3", "-plains", "1", "-rate", "400")
	d.arrived(100)

	held := make(chan struct{})
	fault := d.inject(errfs.Fault{Calls: append(errfs.Changing(), errfs.Sync, errfs.SyncDir), Until: held})
	release := onceClosed(t, held)
	d.fired(fault, 2)
	d.saying(agent, "has not answered")
	d.answersFor(t, longStall)
	release()
	fault.End()
	d.saying(agent, "again; nothing was lost")
	d.settle(generator, agent)
}

// longStall is for how long a disk hangs in the long forms.
const longStall = 30 * time.Second

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

// answersFor asks the agent again and again in the long form, and once in the
// short one.
func (d *disk) answersFor(t *testing.T, length time.Duration) {
	t.Helper()
	d.answers(t)
	for until := time.Now().Add(length); tortured() && time.Now().Before(until) && !t.Failed(); {
		d.answers(t)
	}
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
	if s := d.status(); !strings.Contains(s, "has not answered") || !strings.Contains(s, "overloaded or failing") {
		t.Errorf("status does not say what is wrong:\n%s", s)
	}
}
