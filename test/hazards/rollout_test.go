package hazards

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestARollOutLosesNothingAndHardlyPauses rehearses what a DaemonSet with
// maxSurge does, under load: an upgrade to another version, the way back, and
// ten restarts in a row. Each time the new agent is started beside the old one,
// waits for the state directory, reads nothing and says that it is ready; only
// then the old one is ended. It leaves delivery to the new one, and each line
// arrives once. How long nothing is read is compared with what an ordinary
// restart takes on the same machine.
func TestARollOutLosesNothingAndHardlyPauses(t *testing.T) {
	t.Parallel()
	usual, other := testkit.Agent(t), testkit.StampedAgent(t, "0.0.1-other")
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(61), "-containers", "3", "-plains", "1", "-rate", "800", "-limit", "262144")
	agent := n.start()
	n.arrived(200)
	steps := append([]string{other, usual}, slices.Repeat([]string{usual}, 10)...)
	if tortured() {
		steps = append(steps, slices.Repeat([]string{other, usual}, 20)...)
	}
	var moments []time.Time
	for _, binary := range steps {
		n.binary = binary
		next := n.surge()
		if len(moments) == 0 {
			n.probed("--ready", "ready; another agent works")
			n.probed("", "alive; another agent works")
		}
		moments = append(moments, time.Now())
		n.replaced(agent)
		agent = next
		n.figure("the new agent works", exactly(0), "tailrace_state_waiting")
		n.arrived(n.sink.Stats().Stored + 100)
	}
	restarted := time.Now()
	agent.Stop()
	agent = n.start()
	n.arrived(n.sink.Stats().Stored + 100)
	v := n.settle(generator, agent)
	pauses := n.pauses(append(moments, restarted))
	handovers, restart := pauses[:len(steps)], pauses[len(steps)]
	t.Logf("RESULT records=%d replacements=%d violations=%d nothing was read for: %v; at an ordinary restart: %v", v.Records, len(steps), len(v.Violations), handovers, restart)
	slices.Sort(handovers)
	if median := handovers[len(handovers)/2]; median > time.Second+restart {
		t.Errorf("half of the hand-overs pause reading for more than %v, an ordinary restart for %v", median, restart)
	}
}

// surge starts an agent with an address of its own, as each pod has, beside the
// running one, and returns when it is ready and waits.
func (n *node) surge() *testkit.Process {
	n.TB.Helper()
	n.Metrics = testkit.FreeAddress(n.TB)
	n.override(fmt.Sprintf("service: {telemetry: {metrics: {address: %q}}}\n", n.Metrics))
	next := n.start()
	n.figure("the new agent says that it waits", exactly(1), "tailrace_state_waiting")
	n.saying(next, "waiting for another agent on the same journal directory")
	return next
}

// replaced ends an agent beside which another one waits.
func (n *node) replaced(agent *testkit.Process) {
	n.TB.Helper()
	terminate(n.TB, agent)
	if code := agent.Wait(); code != 0 {
		n.TB.Fatalf("the replaced agent ended with %d\n%s", code, agent.Tail())
	}
	if n.said(agent, "another agent waits for this one to end, and delivers what is left") != 1 {
		n.TB.Fatalf("the replaced agent did not leave delivery to the next one\n%s", agent.Tail())
	}
}

// pauses are the longest times in which nothing was read, each from one moment
// to the next of them or to the end: by when the agents saw the lines that are
// in the journal.
func (n *node) pauses(moments []time.Time) []time.Duration {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	observed := make([]time.Time, len(items))
	for i, item := range items {
		var doc struct {
			Observed time.Time `json:"observed_timestamp"`
		}
		if err := json.Unmarshal(item.Doc, &doc); err != nil {
			n.TB.Fatalf("%v: %.1000s", err, item.Doc)
		}
		observed[i] = doc.Observed
	}
	slices.SortFunc(observed, time.Time.Compare)
	longest := make([]time.Duration, len(moments))
	for i := 1; i < len(observed); i++ {
		if at := latest(moments, observed[i]); at >= 0 {
			longest[at] = max(longest[at], observed[i].Sub(observed[i-1]))
		}
	}
	for i := range longest {
		longest[i] = longest[i].Round(time.Millisecond)
	}
	return longest
}

// latest is the last of the moments that are not after t, -1 when all are.
func latest(moments []time.Time, t time.Time) int {
	i, found := slices.BinarySearchFunc(moments, t, time.Time.Compare)
	if found {
		return i
	}
	return i - 1
}

// probed waits until the agent's exec probe succeeds and begins with text.
func (n *node) probed(flag, text string) {
	n.TB.Helper()
	args := []string{"health", "--address", n.Metrics}
	if flag != "" {
		args = append(args, flag)
	}
	testkit.Eventually(n.TB, fmt.Sprintf("tailrace %s says %q", strings.Join(args, " "), text), func() (bool, string) {
		out, code := testkit.Output(n.TB, testkit.Agent(n.TB), args...)
		return code == 0 && strings.HasPrefix(strings.TrimSpace(out)+" ", text+" "), fmt.Sprintf("%d %s", code, out)
	})
}
