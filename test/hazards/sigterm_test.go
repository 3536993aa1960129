package hazards

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestSIGTERMEndsTheAgentWhileItsSinkIsDown asks the agent to end when its
// sink hangs, refuses connections or answers 503. The agent may take ten
// minutes to deliver the rest, and must see that this is in vain: it ends,
// with status 0, says what waits, and the next start delivers it.
func TestSIGTERMEndsTheAgentWhileItsSinkIsDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sink string }{
		{"hanging", "stall"}, {"refusing", "gone"}, {"503", "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, strings.ReplaceAll(c.sink, "gone", "ok"))
			generator := n.Generate("-seed", seed(31), "-containers", "2", "-plains", "1", "-rate", "1500")
			if c.sink == "gone" {
				n.sink.Kill()
			}
			agent := n.start("--drain", "10m")
			n.stuck(c.sink != "gone")
			ended := n.endsInTime(agent)
			next := n.nextAgent(c.sink == "gone")
			v := n.settle(generator, next)
			t.Logf("RESULT sink=%s ended_after=%s records=%d violations=%d", c.name, ended.Round(time.Millisecond), v.Records, len(v.Violations))
		})
	}
}

// stuck waits until the sink has been down for longer than the agent is
// patient.
func (n *node) stuck(reachable bool) {
	n.TB.Helper()
	n.figure("lines wait for two seconds", atLeast(3), "tailrace_exporter_lag_seconds")
	if reachable && n.sink.Stats().Faults == 0 {
		n.TB.Fatal("the sink was never asked")
	}
}

// endsInTime asks the agent to end and returns how long that took.
func (n *node) endsInTime(agent *testkit.Process) time.Duration {
	n.TB.Helper()
	before := n.journaled()
	asked := time.Now()
	terminate(n.TB, agent)
	if code := agent.Wait(); code != 0 {
		n.TB.Errorf("the agent ended with status %d\n%s", code, agent.Tail())
	}
	took := time.Since(asked)
	if n.said(agent, "the rest waits in the journal") == 0 {
		n.TB.Errorf("the agent does not say that lines wait\n%s", agent.Tail())
	}
	if before == 0 || n.journaled() < before {
		n.TB.Errorf("%d documents in the journal, then %d", before, n.journaled())
	}
	return took
}

// nextAgent starts the agent again, after its sink if that is gone.
func (n *node) nextAgent(sinkGone bool) *testkit.Process {
	n.TB.Helper()
	if sinkGone {
		n.sink.Process = n.Start("sink-again", testkit.Oracle(n.TB), "sink", "-record", n.sink.Record,
			"-listen", strings.TrimPrefix(n.sink.URL, "http://"))
		n.sink.FirstLine()
	}
	n.sink.Behave("ok")
	return n.start()
}

// TestSIGTERMEndsTheAgentWhileItsJournalIsFull asks the agent to end when its
// journal takes nothing more and its lanes hold lines that they cannot hand
// over. It ends with status 0; those lines are still in their files, and the next
// start, with room, delivers everything once.
func TestSIGTERMEndsTheAgentWhileItsJournalIsFull(t *testing.T) {
	t.Parallel()
	n := newNode(t, "503")
	n.leaveFree()
	generator := n.Generate("-seed", seed(33), "-containers", "3", "-plains", "1", "-rate", "1500")
	agent := n.start("--drain", "10m")
	n.figure("the journal is full", exactly(1), "tailrace_journal_full")
	generator.Stop()
	terminate(t, agent)
	if code := agent.Wait(); code != 0 {
		t.Errorf("the agent ended with status %d\n%s", code, agent.Tail())
	}
	if n.said(agent, "still in their files") == 0 {
		t.Errorf("the agent does not say where its last lines are\n%s", agent.Tail())
	}
	held := n.journaled()
	n.override("service: {journal: {min_free: 0%}}\n")
	v := n.settle(generator, n.nextAgent(false))
	if v.Records <= held {
		t.Errorf("%d records were written, %d of them fitted: the journal held up nothing", v.Records, held)
	}
	t.Logf("RESULT journaled=%d records=%d violations=%d", held, v.Records, len(v.Violations))
}

// leaveFree has the journal leave more of the disk free than there is, so that it
// is full as soon as it holds anything.
func (n *node) leaveFree() {
	n.TB.Helper()
	const most = 95 // percent
	var st unix.Statfs_t
	if err := unix.Statfs(n.Dir, &st); err != nil {
		n.TB.Fatal(err)
	}
	if st.Bavail*100 > st.Blocks*most {
		n.TB.Skipf("more than %d %% of the disk are free", most)
	}
	n.override(fmt.Sprintf("service: {journal: {min_free: %d%%}}\n", most))
}
