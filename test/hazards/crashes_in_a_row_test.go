package hazards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// crashes is how often the agent is killed over the same backlog.
const crashes = 25

// TestCrashesInARowLoseNothingAndLeaveNothingBehind kills the agent 25 times
// while its sink takes nothing, every second time within its recovery: no
// start gives up, no temporary file piles up, and the backlog is delivered
// once when the sink is back.
func TestCrashesInARowLoseNothingAndLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	n := newNode(t, "503")
	generator := n.Generate("-seed", seed(51), "-containers", "3", "-plains", "1", "-rate", "200", "-limit", "262144")
	scan := oracle.NewJournalScan(n.Segments())
	inRecovery, files := 0, 0
	for i := range crashes {
		if i%2 == 1 && n.killedInRecovery(t, 1+i/2) {
			inRecovery++
		} else if i%2 == 0 {
			n.killedAtWork(t, scan)
		}
		if err := scan.More(); err != nil {
			t.Errorf("the journal after crash %d: %v", i+1, err)
		}
		if i == 1 {
			files = n.leftovers(t)
		}
	}
	if inRecovery < crashes/4 {
		t.Errorf("only %d kills were within a recovery", inRecovery)
	}
	if held := n.sink.Stats(); held.Stored != 0 || held.Faults == 0 {
		t.Errorf("the sink was not down: %+v", held)
	}
	backlog := len(scan.Docs)
	agent := n.start()
	n.figure("it is ready", atLeast(1), "tailrace_receiver_accepted_log_records_total")
	if now := n.leftovers(t); now > files+2 {
		t.Errorf("%d temporary files after the crashes, %d at the beginning", now, files)
	}
	v := n.settle(generator, agent)
	t.Logf("RESULT crashes=%d in_recovery=%d backlog=%d records=%d violations=%d", crashes, inRecovery, backlog, v.Records, len(v.Violations))
}

// killedAtWork kills the agent when it has journaled more.
func (n *node) killedAtWork(t *testing.T, scan *oracle.JournalScan) {
	t.Helper()
	before := len(scan.Docs)
	agent := n.start()
	testkit.Eventually(t, "the agent journals", func() (bool, string) {
		if !agent.Running() {
			t.Fatalf("the agent gave up\n%s", agent.Tail())
		}
		if err := scan.More(); err != nil {
			t.Fatalf("the journal: %v", err)
		}
		return len(scan.Docs) > before, agent.Tail()
	})
	agent.Kill()
}

// killedInRecovery kills the agent before one of its first durable calls.
func (n *node) killedInRecovery(t *testing.T, at int) bool {
	t.Helper()
	out := n.Path(fmt.Sprintf("killat-%d", n.runs))
	agent := n.under([]string{testkit.Killat(t), "-at", fmt.Sprint(at), "-out", out})
	agent.Wait()
	if n.said(agent, "tailrace runs") > 0 {
		return false
	}
	text, err := os.ReadFile(out)
	return err == nil && !strings.Contains(string(text), `killed=""`)
}

// leftovers counts files of the state that have no name of their own.
func (n *node) leftovers(t *testing.T) (count int) {
	t.Helper()
	err := filepath.WalkDir(n.Path("state"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".tmp") {
			count++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}
