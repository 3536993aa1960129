package hazards

import (
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// TestWritesFailInBurstsAndTheAgentGoesOnByItself lets writes of the agent
// fail, each kind for some calls: appending and in place, with errors of the
// disk and without room, after half of the bytes and before any. It never ends,
// says what is wrong and what cures it, and nothing is lost or doubled.
func TestWritesFailInBurstsAndTheAgentGoesOnByItself(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	agent := d.start()
	generator := d.Generate("-seed", seed(331), "-containers", "3", "-plains", "1", "-rate", "400")
	troubles := 0
	for _, c := range []struct {
		fault errfs.Fault
		// cure is what the journal says when it cannot write.
		cure string
	}{
		{errfs.Fault{Calls: []errfs.Call{errfs.Extend}, Times: 4, Err: syscall.EIO}, "look for errors of this disk"},
		// Each write is tried with what is left of it, until nothing fits.
		{errfs.Fault{Calls: errfs.Needing(), Times: 60, Err: syscall.ENOSPC, Short: true}, "free space on the file system"},
		{errfs.Fault{Calls: []errfs.Call{errfs.Extend}, Times: 3, Err: syscall.EIO, Short: true}, ""},
		{errfs.Fault{Calls: []errfs.Call{errfs.Overwrite}, Times: 3, Err: syscall.EIO}, ""},
	} {
		d.arrived(d.sink.Stats().Stored + 50)
		fault := d.inject(c.fault)
		d.fired(fault, c.fault.Times)
		fault.End()
		if c.cure == "" {
			continue
		}
		troubles++
		d.saying(agent, c.cure)
		testkit.Eventually(t, "the journal writes again", func() (bool, string) {
			return d.said(agent, "the journal writes again") >= troubles, agent.Tail()
		})
	}
	d.arrived(d.sink.Stats().Stored + 50)
	if s := d.status(); strings.Contains(s, `"trouble"`) {
		t.Errorf("status speaks of trouble that is over:\n%s", s)
	}
	d.settle(generator, agent)
}
