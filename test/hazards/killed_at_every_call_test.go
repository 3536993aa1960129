package hazards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// spreadPoints is how many of the points the short form of the test takes.
const spreadPoints = 8

// TestKilledBeforeEveryDurableCall kills the agent before each fsync, write,
// rename, allocation, truncation and removal of a short run, from the first
// start to the end of a shutdown, and the start that follows before the same
// call of its own: nothing is lost, and nothing is there twice.
func TestKilledBeforeEveryDurableCall(t *testing.T) {
	logs := newLogs(t)
	total := logs.agentOn(t).untilCall(t, 0).calls
	var mu sync.Mutex
	runs, deaths := 0, map[string]int{}
	t.Run("at", func(t *testing.T) {
		for _, at := range points(total) {
			runs += 2
			t.Run(fmt.Sprint(at), func(t *testing.T) {
				t.Parallel()
				for _, call := range logs.agentOn(t).killedTwice(t, at) {
					mu.Lock()
					deaths[call]++
					mu.Unlock()
				}
			})
		}
	})
	fired := 0
	for _, n := range deaths {
		fired += n
	}
	t.Logf("RESULT calls=%d runs=%d killed_at_the_call=%d %v", total, runs, fired, deaths)
	if total < 20 {
		t.Errorf("a whole run made only %d durable calls", total)
	}
	// A start after a death makes fewer calls than the first one.
	if fired < runs/2 {
		t.Errorf("only %d of %d runs reached their call", fired, runs)
	}
}

// points are the calls at which to kill: all of them, or some.
func points(total int) []int {
	step := 1
	if !tortured() {
		step = max(1, total/spreadPoints)
	}
	var list []int
	for at := 1; at <= total; at += step {
		list = append(list, at)
	}
	return list
}

// logs are some hundred lines that nobody writes any more.
type logs struct{ dir string }

func newLogs(t *testing.T) logs {
	t.Helper()
	n := newNode(t, "ok")
	n.Generate("-seed", seed(21), "-containers", "2", "-plains", "1", "-rate", "2000", "-limit", "32768", "-for", "200ms").Wait()
	return logs{n.Dir}
}

// agentOn is a node of its own with a copy of the logs.
func (l logs) agentOn(t *testing.T) *node {
	t.Helper()
	n := newNode(t, "ok")
	for _, dir := range []string{"pods", "plain"} {
		if err := os.RemoveAll(n.Path(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(n.Path(dir), os.DirFS(filepath.Join(l.dir, dir))); err != nil {
			t.Fatal(err)
		}
	}
	ledger, err := os.ReadFile(filepath.Join(l.dir, "ledger"))
	if err == nil {
		err = os.WriteFile(n.Path("ledger"), ledger, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// killedTwice lets two starts die before the same call, and the third finish.
func (n *node) killedTwice(t *testing.T, at int) (deaths []string) {
	t.Helper()
	scan := oracle.NewJournalScan(n.Segments())
	for range 2 {
		if d := n.untilCall(t, at); d.killed != "" {
			deaths = append(deaths, d.killed)
		}
		if err := scan.More(); err != nil {
			t.Errorf("the journal after %v: %v", deaths, err)
		}
	}
	n.judged(n.start())
	return deaths
}

// death is how a run under killat ended.
type death struct {
	calls  int
	killed string
}

// untilCall runs the agent until it is killed before its at-th durable call, or
// until it has delivered everything and was asked to end.
func (n *node) untilCall(t *testing.T, at int) death {
	t.Helper()
	out := n.Path(fmt.Sprintf("killat-%d", n.runs))
	agent := n.under([]string{testkit.Killat(t), "-at", fmt.Sprint(at), "-out", out})
	n.untilDelivered(agent)
	if agent.Running() {
		terminate(t, agent)
	}
	code := agent.Wait()
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, agent.Tail())
	}
	var d death
	if _, err := fmt.Sscanf(strings.TrimSpace(string(text)), "calls=%d killed=%q", &d.calls, &d.killed); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if d.killed == "" && code != 0 {
		t.Fatalf("the agent ended by itself with status %d\n%s", code, agent.Tail())
	}
	return d
}

// untilDelivered waits until the sink has everything or the agent is dead.
func (n *node) untilDelivered(agent *testkit.Process) {
	n.TB.Helper()
	want := len(n.Account().Entries)
	testkit.Eventually(n.TB, "the agent delivers or dies", func() (bool, string) {
		return !agent.Running() || n.said(agent, "tailrace runs") > 0 && n.sink.Stats().Stored >= want, agent.Tail()
	})
}
