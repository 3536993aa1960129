package hazards

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestAClockThatIsSetByDaysLosesAndRepeatsNothing sets the agent's system clock
// a day ahead, two back, and right again, and the times of the log files with
// it, while logs are written and rotated. Rotated logs that were deleted come
// back while the clock is ahead: their positions are still known, and nothing
// of what was journaled before is too old to be kept.
func TestAClockThatIsSetByDaysLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	clock := wallClock{n, n.Path("clock"), n.Path("readings")}
	clock.set(0)
	generator := n.Generate("-seed", seed(31), "-containers", "3", "-plains", "1", "-rate", "400", "-limit", "65536")
	agent := n.under([]string{testkit.WallClock(t), "-by", clock.by, "-out", clock.readings})
	deleted := n.deletedUntilFinal()
	clock.jump(25 * time.Hour)
	deleted.outlive()
	deleted.restore()
	clock.jump(-23 * time.Hour)
	clock.jump(0)
	if said := n.said(agent, "no progress") + n.said(agent, "level=ERROR"); said > 0 {
		t.Errorf("the agent complains\n%s", agent.Tail())
	}
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d deleted=%d restored=%d violations=%d %s", v.Records, len(deleted.logs), deleted.restored, len(v.Violations), clock.seen())
}

// wallClock is the system clock of the agent alone. by is the file that says
// how far it is ahead, readings the one that says how many readings were wrong.
type wallClock struct {
	*node
	by, readings string
}

func (c wallClock) set(by time.Duration) {
	c.TB.Helper()
	err := os.WriteFile(c.by+".new", []byte(by.String()), 0o644)
	if err == nil {
		err = os.Rename(c.by+".new", c.by)
	}
	if err != nil {
		c.TB.Fatal(err)
	}
}

// jump sets the clock, and the times of all logs, and waits until the agent has
// delivered by it.
func (c wallClock) jump(by time.Duration) {
	c.TB.Helper()
	c.set(by)
	c.touch(time.Now().Add(by))
	testkit.Eventually(c.TB, fmt.Sprintf("the agent's clock is ahead by %s", by), func() (bool, string) {
		var report struct{ Time time.Time }
		if err := json.Unmarshal([]byte(c.status()), &report); err != nil {
			c.TB.Fatal(err)
		}
		off := time.Until(report.Time) - by
		return off.Abs() < time.Hour, report.Time.String()
	})
	written, err := oracle.WrittenSoFar(c.Path("ledger"))
	if err != nil {
		c.TB.Fatal(err)
	}
	// More than what was on its way when the clock was set.
	c.arrived(written + 100)
	if status, text := c.health(); status != 200 {
		c.TB.Errorf("health with a clock %s ahead: %d %s", by, status, text)
	}
}

// touch sets when the logs were modified.
func (n *node) touch(at time.Time) {
	n.TB.Helper()
	logs, err := filepath.Glob(n.Path("pods", "*", "*", "*"))
	if err != nil || len(logs) == 0 {
		n.TB.Fatalf("no logs to touch: %v", err)
	}
	for _, name := range logs {
		if err := os.Chtimes(name, at, at); err != nil && !os.IsNotExist(err) {
			n.TB.Fatal(err)
		}
	}
}

// seen says how the documents of the journal are stamped, and fails the test
// unless the agent has lived by each of the three clocks.
func (c wallClock) seen() string {
	c.TB.Helper()
	items, err := oracle.ReadJournal(c.Segments())
	if err != nil {
		c.TB.Fatal(err)
	}
	ahead, behind := 0, 0
	for _, item := range items {
		var doc struct {
			Observed time.Time `json:"observed_timestamp"`
		}
		if err := json.Unmarshal(item.Doc, &doc); err != nil {
			c.TB.Fatal(err)
		}
		switch off := time.Until(doc.Observed); {
		case off > 20*time.Hour:
			ahead++
		case off < -20*time.Hour:
			behind++
		}
	}
	readings, err := os.ReadFile(c.readings)
	if err != nil || ahead == 0 || behind == 0 || ahead+behind == len(items) {
		c.TB.Errorf("%d documents a day ahead, %d a day behind, of %d, %v: the clock was not set", ahead, behind, len(items), err)
	}
	return fmt.Sprintf("ahead=%d behind=%d of=%d %s", ahead, behind, len(items), readings)
}

// deletedLogs are rotated logs that were deleted, by their paths.
type deletedLogs struct {
	*node
	logs map[string]deletedLog
	// restored is how many of them are back.
	restored int
}

type deletedLog struct {
	text  []byte
	inode uint64
}

// deletedUntilFinal deletes each log that is rotated until the agent has saved
// of one that it was read to its end and is gone.
func (n *node) deletedUntilFinal() *deletedLogs {
	n.TB.Helper()
	d := &deletedLogs{node: n, logs: map[string]deletedLog{}}
	testkit.Eventually(n.TB, "a rotated log is deleted and read to its end", func() (bool, string) {
		d.deleteOne()
		return len(d.absences()) > 0, fmt.Sprintf("%d were deleted", len(d.logs))
	})
	return d
}

// deleteOne deletes a log that nobody writes to any more, if there is one, when
// what is in it has arrived: a slow agent may not have seen it before.
func (d *deletedLogs) deleteOne() {
	d.TB.Helper()
	rotated, err := filepath.Glob(d.Path("pods", "*", "*", "0.log.*"))
	if err != nil {
		d.TB.Fatal(err)
	}
	for _, name := range rotated {
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), "0.log")); err != nil {
			continue
		}
		var st unix.Stat_t
		if err := unix.Stat(name, &st); err != nil {
			d.TB.Fatal(err)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			d.TB.Fatal(err)
		}
		written, err := oracle.WrittenSoFar(d.Path("ledger"))
		if err != nil {
			d.TB.Fatal(err)
		}
		d.arrived(written)
		if err := os.Remove(name); err != nil {
			d.TB.Fatal(err)
		}
		d.logs[name] = deletedLog{text, st.Ino}
		return
	}
}

// absences are for how long those of the deleted logs have been absent of which
// the agent's checkpoint says so and that they were read to their ends, by their
// paths.
func (d *deletedLogs) absences() map[string]time.Duration {
	d.TB.Helper()
	// A copy, since the agent's may be written to.
	slot, err := os.ReadFile(d.Path("state", "checkpoint", checkpoint.FileName))
	if os.IsNotExist(err) {
		return nil
	}
	dir := d.TB.TempDir()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, checkpoint.FileName), slot, 0o644)
	}
	if err != nil {
		d.TB.Fatal(err)
	}
	s, err := checkpoint.Open(checkpoint.Options{FS: vfs.OS{}, Dir: dir})
	if err != nil {
		d.TB.Fatal(err)
	}
	defer s.Close()
	found := map[string]time.Duration{}
	for _, e := range s.All() {
		for name, log := range d.logs {
			// Another log may have got the inode since.
			if e.Final && e.Absent > 0 && e.Ino == log.inode && e.Offset == int64(len(log.text)) {
				found[name] = time.Duration(e.Absent)
			}
		}
	}
	return found
}

// outlive waits until the agent has saved what the clock's setting makes of the
// absences.
func (d *deletedLogs) outlive() {
	d.TB.Helper()
	before := d.absences()
	testkit.Eventually(d.TB, "the positions are saved again", func() (bool, string) {
		after := d.absences()
		for id := range before {
			if _, known := after[id]; !known {
				d.TB.Fatal("the position of a log is forgotten that was absent for seconds")
			}
		}
		return !maps.Equal(before, after), ""
	})
}

// restore puts the logs back of which the agent has saved that they were read to
// their ends and are gone: it may still have the others open.
func (d *deletedLogs) restore() {
	d.TB.Helper()
	for name := range d.absences() {
		fresh := d.Path("restored")
		err := os.WriteFile(fresh, d.logs[name].text, 0o644)
		if err == nil {
			err = os.Rename(fresh, name)
		}
		if err != nil {
			d.TB.Fatal(err)
		}
		d.restored++
	}
	if d.restored == 0 {
		d.TB.Fatal("no log is back")
	}
}
