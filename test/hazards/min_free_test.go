package hazards

import (
	"strings"
	"testing"
)

// TestDiskThatShrinksBelowItsReserveIsLeftToOthers takes space away from the
// file system of a working agent until less than min_free is left, with nothing
// delivered that could be deleted. The agent stops writing, says what is wrong
// and what cures it, and goes on by itself when there is space.
func TestDiskThatShrinksBelowItsReserveIsLeftToOthers(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "503"))
	d.override("service: {journal: {min_free: 20%}}\n")
	const size = 64 << 20
	d.stable.SetLimit(size)
	agent := d.start()
	generator := d.Generate("-seed", seed(332), "-containers", "3", "-plains", "1", "-rate", "400")
	d.figure("lines wait in the journal", atLeast(100), "tailrace_receiver_accepted_log_records_total")

	free, _, err := d.stable.Space("/")
	if err != nil {
		t.Fatal(err)
	}
	// What is taken, and a tenth of it.
	d.stable.SetLimit((size - int64(free)) * 11 / 10)
	d.saying(agent, "the journal is full; reading of logs pauses")
	if s := d.status(); !strings.Contains(s, `"full":true`) && !strings.Contains(s, `"full": true`) {
		t.Errorf("status does not say what is wrong:\n%s", s)
	}
	if code, text := d.health(); code != 200 {
		t.Errorf("health answers %d %s: a full disk is no reason to restart the agent", code, text)
	}
	if left, _, err := d.stable.Space("/"); err != nil || left == 0 {
		t.Errorf("%d bytes are left, %v: the reserve was used up", left, err)
	}
	d.stable.SetLimit(size)
	d.settle(generator, agent)
}
