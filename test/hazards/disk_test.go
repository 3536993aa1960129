package hazards

import (
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
	"github.com/tailrace/tailrace/test/fusemount"
	"github.com/tailrace/tailrace/test/oracle"
)

// disk is a simulated disk, mounted where a node's agent keeps its state. It
// can lose power, and fail in every way that package errfs knows.
type disk struct {
	*node
	// stable is what keeps only what was synced, faults what fails before it.
	stable *crashfs.FS
	faults *errfs.FS
	mount  *fusemount.Mount
}

// newDisk gives a node a new disk. The node's processes must be started by the
// test's own goroutine.
func newDisk(t *testing.T, n *node) *disk {
	t.Helper()
	testkit.PrivateMounts(t)
	// The stores of refused documents take their space at once, and here that
	// is memory.
	n.override("service: {journal: {max_size: 1GiB, dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}}\n")
	d := &disk{node: n, stable: crashfs.New()}
	d.faults = errfs.New(d.stable)
	d.attach(d.faults)
	return d
}

// attach mounts what stands for the disk. No process may use what was mounted
// before.
func (d *disk) attach(fsys vfs.FS) {
	d.TB.Helper()
	if d.mount != nil {
		d.mount.End()
	}
	d.mount = fusemount.On(d.TB, d.Path("state"), fsys)
}

// inject begins a fault, which ends with the test at the latest.
func (d *disk) inject(fault errfs.Fault) *errfs.Injected {
	i := d.faults.Inject(fault)
	d.TB.Cleanup(i.End)
	return i
}

// fired waits until a fault has hit so many calls of the agent.
func (d *disk) fired(fault *errfs.Injected, times int) {
	d.TB.Helper()
	testkit.Eventually(d.TB, "the fault fires", func() (bool, string) {
		return fault.Fired() >= times, d.latest.Tail()
	})
}

// forgotten are the documents that the sink has been given and the journal,
// as the disk has it, does not have. Such a journal has broken its word: an
// exporter may see a frame only when it is durable.
func (d *disk) forgotten() (ids []string) {
	d.TB.Helper()
	scan := oracle.NewJournalScan(d.Segments())
	// What was written last and not synced may be damaged, and ends the scan.
	_ = scan.More()
	kept := map[string]bool{}
	for _, doc := range scan.Docs {
		kept[doc.ID] = true
	}
	sent, err := oracle.ReadRecord(d.sink.Record)
	if err != nil {
		d.TB.Fatal(err)
	}
	for _, doc := range sent {
		if doc.Kind == 'S' && !kept[doc.ID] {
			ids = append(ids, doc.ID)
		}
	}
	return ids
}

// restarted lets a new start look at what there is, and judges.
func (d *disk) restarted() *oracle.Verdict {
	d.TB.Helper()
	agent := d.start()
	d.saying(agent, "tailrace runs")
	agent.Stop()
	return d.Judge(d.sink)
}
