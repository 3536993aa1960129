package hazards

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// TestFsyncsFailInBurstsAndThenThePowerGoes lets fsyncs of segments fail, once
// and several in a row. As on Linux, what was to be synced is then clean in
// memory and never written; in the last burst, some of it has been. When the
// power goes, all that the sink was given is in the journal all the same, and
// nothing is lost or doubled in the end.
func TestFsyncsFailInBurstsAndThenThePowerGoes(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	agent := d.start()
	generator := d.Generate("-seed", seed(341), "-containers", "3", "-plains", "1", "-rate", "400")
	partly := errfs.Fault{Calls: []errfs.Call{errfs.Sync}, Name: segmentSuffix, Times: 2, Err: syscall.EIO}
	for burst, fail := range []func() (fired func() bool){
		func() func() bool { return d.failSyncs(1) },
		func() func() bool { return d.failSyncs(4) },
		func() func() bool { i := d.inject(partly); return func() bool { return i.Fired() == partly.Times } },
	} {
		d.arrived(d.sink.Stats().Stored + 50)
		fired := fail()
		testkit.Eventually(t, "fsyncs fail", func() (bool, string) { return fired(), agent.Tail() })
		testkit.Eventually(t, "the journal writes again", func() (bool, string) {
			return d.said(agent, "the journal writes again") > burst, agent.Tail()
		})
	}
	if given := d.said(agent, "an fsync has failed"); given < 3 {
		t.Errorf("%d segments were given up", given)
	}
	d.stable.Kill()
	agent.Kill()
	d.plugIn(crashfs.LoseSome, 3)
	if lost := d.forgotten(); len(lost) > 0 {
		t.Errorf("the sink has %d documents that are not in the journal after the power loss: %.5q", len(lost), lost)
	}
	d.settle(generator, d.start())
}

const segmentSuffix = ".ndjson.gz"

// failSyncs lets the next fsyncs of segments fail, and says when all have.
func (d *disk) failSyncs(times int64) (fired func() bool) {
	var n atomic.Int64
	d.stable.FailSyncs(func(name string) error {
		if !strings.HasSuffix(name, segmentSuffix) || n.Load() == times {
			return nil
		}
		n.Add(1)
		return syscall.EIO
	})
	return func() bool { return n.Load() == times }
}
