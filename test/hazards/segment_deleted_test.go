package hazards

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestSegmentDeletedByHandCostsItsUndeliveredLinesOnly deletes a segment of a
// working agent's journal, of which little was read. The agent says so and
// counts what it had not read of it as lost, to the line; everything else is
// delivered once.
func TestSegmentDeletedByHandCostsItsUndeliveredLinesOnly(t *testing.T) {
	t.Parallel()
	n := newNode(t, "503")
	// A request has one frame, so that few are read ahead.
	n.override("exporters: {elasticsearch: {flush: {bytes: 1}}}\n")
	generator := n.Generate("-seed", seed(363), "-containers", "4", "-plains", "1", "-rate", "500", "-limit", "4194304")
	n.start()
	// Each start begins a segment.
	for range 3 {
		n.restartedAfter(t, 300)
	}
	agent := n.latest
	generator.Stop()
	account := n.Account()
	n.figure("every line is in the journal", exactly(account.Totals("").Lines), "tailrace_receiver_accepted_log_records_total")
	deleted := n.deleteSegment(t, 1)
	n.sink.Behave("ok")
	n.saying(agent, "was removed before everything in it was delivered")
	n.figure("nothing is pending", exactly(0), "tailrace_exporter_pending_log_records")
	lost := n.notStored(deleted)
	lines := 0
	for _, e := range account.Entries {
		if lost[record{e.Stream, e.Seq}] {
			lines += e.Lines
		}
	}
	n.figure("its lines are counted as lost", exactly(lines), "tailrace_exporter_send_failed_log_records_total", `outcome="lost"`)
	broken := map[byte]int{}
	v := n.Judge(n.sink)
	for _, violation := range v.Violations {
		broken[violation.Invariant]++
	}
	if len(lost) == 0 || broken['C'] != len(lost) || broken['J'] != len(deleted) || len(v.Violations) != len(lost)+len(deleted) {
		t.Errorf("of %d documents that were deleted %d are missing\n%s", len(deleted), len(lost), v)
	}
	t.Logf("RESULT records=%d deleted=%d lost=%d lines=%d", v.Records, len(deleted), len(lost), lines)
	agent.Stop()
}

// restartedAfter lets the latest agent journal so many more documents and
// replaces it.
func (n *node) restartedAfter(t *testing.T, documents int) {
	t.Helper()
	want := n.journaled() + documents
	testkit.Eventually(t, "the agent journals", func() (bool, string) {
		return n.journaled() >= want, n.latest.Tail()
	})
	n.latest.Stop()
	n.start()
}

// record names one of the generator's.
type record struct {
	stream string
	seq    uint64
}

// deleteSegment deletes the journal's i-th segment and returns what it held.
func (n *node) deleteSegment(t *testing.T, i int) (held []record) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(n.Segments(), "*.ndjson.gz"))
	if err != nil || len(segments) <= i+1 {
		t.Fatalf("there are the segments %v, %v", segments, err)
	}
	away := t.TempDir()
	if err := os.Rename(segments[i], filepath.Join(away, filepath.Base(segments[i]))); err != nil {
		t.Fatal(err)
	}
	scan := oracle.NewJournalScan(away)
	if err := scan.More(); err != nil {
		t.Fatal(err)
	}
	for _, d := range scan.Docs {
		held = append(held, record{d.Stream, d.Seq})
	}
	return held
}

// notStored are those of some records that the sink has not stored.
func (n *node) notStored(of []record) map[record]bool {
	n.TB.Helper()
	missing := map[record]bool{}
	for _, r := range of {
		missing[r] = true
	}
	stored, err := oracle.ReadRecord(n.sink.Record)
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, a := range stored {
		delete(missing, record{a.Stream, a.Seq})
	}
	return missing
}
