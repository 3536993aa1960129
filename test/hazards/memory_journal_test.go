package hazards

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// newMemoryNode is a node whose agent keeps its journal in memory.
func newMemoryNode(t *testing.T, script string) *node {
	t.Helper()
	n := newNode(t, script)
	n.override("service: {journal: {type: memory, max_size: 16MiB}}")
	return n
}

// delivered lets the running agent deliver everything, and judges the sink:
// each line is once in it, and acknowledged once.
func (n *node) delivered(generator, agent *testkit.Process) *oracle.Verdict {
	n.TB.Helper()
	generator.Stop()
	n.sink.Behave("ok")
	account := n.Account()
	n.Drained(n.sink, agent, len(account.Entries))
	v, err := oracle.JudgeFiles(n.Path("ledger"), n.sink.Record, "")
	if err != nil {
		n.TB.Fatal(err)
	}
	if len(v.Violations) > 0 {
		n.TB.Error(v)
	}
	n.figure("every line was acknowledged once", exactly(account.Totals("").Lines), "tailrace_receiver_accepted_log_records_total")
	agent.Stop()
	return v
}

// undelivered says whether there are lines that the sink does not have.
func (n *node) undelivered() bool {
	n.TB.Helper()
	written, err := oracle.WrittenSoFar(n.Path("ledger"))
	if err != nil {
		n.TB.Fatal(err)
	}
	return written > n.sink.Stats().Stored
}

// An agent with its journal in memory is killed again and again, while the
// backend fails in all ways: nothing is lost, and what is sent again has the
// same ids.
func TestKilledMemoryJournalLosesNothingAndRepeatsOnlyKnownIDs(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "ok:700ms,cut:150ms,ok:400ms,429:150ms,503:200ms,ok:500ms,partly:250ms,reset:150ms,stall:200ms,short:100ms")
	generator := n.Generate("-seed", seed(4), "-containers", "4", "-plains", "2", "-rate", "1000", "-limit", "1048576")
	random := rand.New(rand.NewPCG(4, 4))
	const kills = 3
	inFlight := 0
	for range kills {
		before := n.sink.Stats().Stored
		agent := n.start()
		n.arrived(before + 1)
		time.Sleep(time.Duration(200+random.IntN(1200)) * time.Millisecond)
		if n.undelivered() {
			inFlight++
		}
		agent.Kill()
	}
	v := n.delivered(generator, n.start())
	t.Logf("RESULT kills=%d in_flight=%d records=%d repeats=%d", kills, inFlight, v.Records, v.Repeats)
	if inFlight == 0 || v.Repeats == 0 {
		t.Errorf("%d kills hit undelivered lines, and %d documents came again: the kills did not test what they should", inFlight, v.Repeats)
	}
}

// While no backend answers, a journal in memory acknowledges nothing: the log
// files are the buffer, and a kill costs nothing.
func TestMemoryJournalLeavesLinesInTheirFilesWhileNoBackendAnswers(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "503:1h")
	generator := n.Generate("-seed", seed(5), "-containers", "2", "-plains", "1", "-rate", "1000", "-limit", "1048576")
	agent := n.start()
	n.figure("lines are read and pend", atLeast(500), "tailrace_exporter_pending_log_records")
	n.figure("the backend refuses", atLeast(1), "tailrace_exporter_requests_total", `outcome="failed"`)
	f, err := n.Figures()
	if err != nil {
		t.Fatal(err)
	}
	if acknowledged := f.Sum("tailrace_receiver_accepted_log_records_total"); acknowledged > 0 {
		t.Errorf("%d lines are acknowledged, and the sink has none", acknowledged)
	}
	agent.Kill()
	if v := n.delivered(generator, n.start()); v.Repeats != 0 {
		t.Errorf("%d documents came again that never were there", v.Repeats)
	}
}

// An agent that is asked to stop delivers what it has read, and the next one
// goes on exactly there.
func TestStoppedMemoryJournalContinuesExactly(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "ok")
	generator := n.Generate("-seed", seed(6), "-containers", "3", "-plains", "2", "-rate", "1000", "-limit", "1048576")
	for life := range 4 {
		agent := n.start("--drain", "1m")
		n.arrived(n.sink.Stats().Stored + 100*(life+1))
		agent.Stop()
	}
	if v := n.delivered(generator, n.start()); v.Repeats != 0 {
		t.Errorf("%d documents were sent twice", v.Repeats)
	}
}

// On a node whose disk may not be written the agent runs all the same, says
// what it promises, and reads everything again after a restart.
func TestMemoryJournalRunsOnAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "ok")
	generator := n.Generate("-seed", seed(7), "-containers", "2", "-plains", "1", "-rate", "500", "-limit", "1048576")
	n.override(fmt.Sprintf("service: {journal: {directory: %s}}", n.Path("state", "missing")))
	readOnly := []string{n.tool("unshare"), "-m", n.tool("sh"), "-c",
		`mkdir -p "$0" && mount -t tmpfs -o ro none "$0" && exec "$@"`, n.Path("state")}
	agent := n.under(readOnly)
	n.saying(agent, "cannot be written")
	n.saying(agent, "no positions are kept")
	n.arrived(200)
	agent.Kill()
	if v := n.delivered(generator, n.under(readOnly)); v.Repeats == 0 {
		t.Error("nothing was read again though no position was kept")
	}
}
