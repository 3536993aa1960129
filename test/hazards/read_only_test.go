package hazards

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// TestReadOnlyRemountPausesReadingAndLosesNothing turns the disk of a working
// agent read-only, as the kernel does after an error of the file system, and
// back. Meanwhile the agent is up and says what is wrong and what cures it; the
// logs wait.
func TestReadOnlyRemountPausesReadingAndLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	agent := d.start()
	generator := d.Generate("-seed", seed(381), "-containers", "3", "-plains", "1", "-rate", "400")
	d.arrived(100)

	fault := d.inject(errfs.ReadOnly())
	d.saying(agent, "read-only file system")
	d.saying(agent, "remount it read-write")
	if s := d.status(); !strings.Contains(s, "read-only file system") || !strings.Contains(s, "remount it read-write") {
		t.Errorf("status does not say what is wrong:\n%s", s)
	}
	if code, text := d.health(); code != 200 {
		t.Errorf("health answers %d %s: a read-only disk is no reason to restart the agent", code, text)
	}
	if fault.Fired() == 0 {
		t.Error("nothing was refused")
	}
	fault.End()
	d.saying(agent, "the journal writes again")
	d.settle(generator, agent)
}
