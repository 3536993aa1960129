package hazards

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// TestFsyncsFailInBurstsAndThenThePowerGoes lets fsyncs of segments fail, once
// and several in a row. As on Linux, what was to be synced is then clean in
// memory and never written. When the power goes, all that the sink was given is
// in the journal all the same, and nothing is lost or doubled in the end.
func TestFsyncsFailInBurstsAndThenThePowerGoes(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	agent := d.start()
	generator := d.Generate("-seed", seed(341), "-containers", "3", "-plains", "1", "-rate", "400")
	for burst, length := range []int64{1, 4, 1} {
		before := d.sink.Stats().Stored
		d.arrived(before + 50)
		fired := d.failSyncs(length)
		testkit.Eventually(t, "fsyncs fail", func() (bool, string) { return fired.Load() == length, agent.Tail() })
		testkit.Eventually(t, "the journal writes again", func() (bool, string) {
			return d.said(agent, "the journal writes again") > burst, agent.Tail()
		})
	}
	if given := d.said(agent, "an fsync has failed"); given < 3 {
		t.Errorf("%d segments were given up", given)
	}
	d.stable.Kill()
	agent.Kill()
	d.plugIn(crashfs.LoseAll, 0)
	if lost := d.forgotten(); len(lost) > 0 {
		t.Errorf("the sink has %d documents that are not in the journal after the power loss: %.5q", len(lost), lost)
	}
	d.settle(generator, d.start())
}

// failSyncs lets the next fsyncs of segments fail, and counts them.
func (d *disk) failSyncs(times int64) *atomic.Int64 {
	var fired atomic.Int64
	d.stable.FailSyncs(func(name string) error {
		if !strings.HasSuffix(name, ".ndjson.gz") || fired.Load() == times {
			return nil
		}
		fired.Add(1)
		return syscall.EIO
	})
	return &fired
}
