package hazards

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// powerLosses is how many moments the short form of the test takes.
const powerLosses = 12

// TestPowerLossAtEveryFsync unplugs the machine of the real agent before and
// after each fsync and rename of a short run, from the first start to the end
// of a shutdown. The disk keeps what was synced, and of the rest nothing, some,
// or the heads of what was written; the start after it is unplugged at the same
// call of its own (in the short form of the test, every sixth one). All that
// the sink was given is in the journal that is left, and in the end each line
// is once in the journal and once in the sink.
func TestPowerLossAtEveryFsync(t *testing.T) {
	t.Parallel()
	logs := newLogs(t)
	total := logs.boundaries(t)
	var mu sync.Mutex
	runs, losses := 0, map[string]int{}
	t.Run("at", func(t *testing.T) {
		for i, o := range outages(total) {
			t.Run(o.String(), func(t *testing.T) {
				t.Parallel()
				d := logs.onDisk(t)
				for range times(i) {
					call := d.unplugged(o)
					mu.Lock()
					runs, losses[call] = runs+1, losses[call]+1
					mu.Unlock()
				}
				d.judged(d.start())
			})
		}
	})
	lost := runs - losses[""]
	delete(losses, "")
	t.Logf("RESULT fsyncs_and_renames=%d runs=%d power_losses=%d %v", total, runs, lost, losses)
	// A start after a power loss may have fewer calls than the first one.
	if total < 15 || lost < runs/2 {
		t.Errorf("of %d runs with up to %d fsyncs and renames only %d lost power", runs, total, lost)
	}
}

// TestDiskThatLiesAboutFsyncIsNoticed does the same on a disk that acknowledges
// an fsync and forgets it: what the test above looks at must tell.
func TestDiskThatLiesAboutFsyncIsNoticed(t *testing.T) {
	t.Parallel()
	for about, noticed := range map[string]func(d *disk) bool{
		"":            func(d *disk) bool { return len(d.forgotten()) > 0 },
		segmentSuffix: func(d *disk) bool { return len(d.restarted().Violations) > 0 },
	} {
		t.Run("about "+about, func(t *testing.T) {
			t.Parallel()
			d := newLogs(t).onDisk(t)
			lies := 0
			d.attach(vfs.WithHook(d.stable, func(op vfs.Op) error {
				if op.Kind != vfs.OpSync || !strings.HasSuffix(op.Name, about) {
					return nil
				}
				lies++
				return vfs.ErrSkip
			}))
			agent := d.start()
			d.untilDelivered(agent)
			agent.Stop()
			d.plugIn(crashfs.LoseAll, 0)
			if !noticed(d) || lies == 0 {
				t.Errorf("after %d lies nothing is missing", lies)
			}
		})
	}
}

// outage is when a machine loses power, and what its disk then has.
type outage struct {
	// at is the number of the fsync or rename.
	at    int
	after bool
	loss  crashfs.Loss
	seed  uint64
}

func (o outage) String() string {
	side := map[bool]string{false: "before", true: "after"}[o.after]
	kept := map[crashfs.Loss]string{crashfs.LoseAll: "nothing", crashfs.LoseSome: "some", crashfs.KeepHeads: "heads"}[o.loss]
	return fmt.Sprintf("%s %d keeping %s", side, o.at, kept)
}

// times is how often in a row the i-th of the test's nodes loses power.
func times(i int) int {
	if tortured() || i%6 == 0 {
		return 2
	}
	return 1
}

// outages are all of a run's, or some that are spread over it.
func outages(total int) (list []outage) {
	for at := 1; at <= total; at++ {
		for _, after := range []bool{false, true} {
			for loss := crashfs.LoseAll; loss <= crashfs.KeepHeads; loss++ {
				list = append(list, outage{at, after, loss, uint64(at)})
			}
		}
	}
	if tortured() {
		return list
	}
	// A step that has no factor in common with the six kinds meets them all.
	step := max(1, len(list)/powerLosses/6*6) + 1
	var some []outage
	for i := 0; i < len(list); i += step {
		some = append(some, list[i])
	}
	return some
}

// onDisk is a node with a copy of the logs and a disk of its own.
func (l logs) onDisk(t *testing.T) *disk {
	t.Helper()
	n := l.agentOn(t)
	// Small frames make several commits of a short run.
	n.override("service: {journal: {flush: {bytes: 16KiB}}}\n")
	return newDisk(t, n)
}

// boundaries counts the fsyncs and renames of a run that nothing disturbs.
func (l logs) boundaries(t *testing.T) (total int) {
	t.Helper()
	t.Run("undisturbed", func(t *testing.T) {
		d := l.onDisk(t)
		s := &supply{FS: d.stable}
		d.attach(s)
		d.judged(d.start())
		total = s.count()
	})
	return total
}

// unplugged runs the agent until the power goes, or until it has delivered
// everything and has ended. It returns the call at which the power went, and
// leaves the node with the disk as the next start finds it.
func (d *disk) unplugged(o outage) (call string) {
	d.TB.Helper()
	started := make(chan *testkit.Process, 1)
	s := &supply{FS: d.stable, outage: o, cut: func() {
		d.stable.Kill()
		// It dies in the call, as it does without power.
		_ = (<-started).Signal(syscall.SIGKILL)
	}}
	d.attach(s)
	agent := d.start()
	started <- agent
	d.untilDelivered(agent)
	if err := agent.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		d.TB.Fatal(err)
	}
	code := agent.Wait()
	if call = s.lost(); call == "" && code != 0 {
		d.TB.Fatalf("the agent ended by itself with status %d\n%s", code, agent.Tail())
	}
	d.plugIn(o.loss, o.seed)
	if lost := d.forgotten(); len(lost) > 0 {
		d.TB.Errorf("the sink has %d documents that are not in the journal after the power loss: %.5q", len(lost), lost)
	}
	return call
}

// plugIn goes on with what the disk has kept.
func (d *disk) plugIn(loss crashfs.Loss, seed uint64) {
	d.TB.Helper()
	d.stable = d.stable.Crash(loss, seed)
	d.attach(d.stable)
}
