package hazards

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestARollOutWaitsForTheLockAndIsReady replaces a running agent several times,
// as a DaemonSet with maxSurge does: the new one is started beside the old one,
// and the old one is ended only when the new one says that it is ready. It waits
// for the state directory, reads nothing until then, and each line arrives once.
func TestARollOutWaitsForTheLockAndIsReady(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(61), "-containers", "3", "-plains", "1", "-rate", "800", "-limit", "262144")
	old := n.start()
	n.arrived(200)
	replacements := 4
	if tortured() {
		replacements = 40
	}
	var gaps []time.Duration
	for range replacements {
		next := n.surge()
		asked := time.Now()
		terminate(t, old)
		n.probed("--ready", "ready")
		gaps = append(gaps, time.Since(asked))
		if code := old.Wait(); code != 0 {
			t.Fatalf("the replaced agent ended with %d\n%s", code, old.Tail())
		}
		old = next
		n.arrived(n.sink.Stats().Stored + 200)
	}
	v := n.settle(generator, old)
	t.Logf("RESULT records=%d replacements=%d violations=%d from SIGTERM to the next one reading: %v", v.Records, replacements, len(v.Violations), gaps)
}

// surge starts an agent with an address of its own, as each pod has, beside the
// running one, and returns when it is ready and waits.
func (n *node) surge() *testkit.Process {
	n.TB.Helper()
	n.Metrics = testkit.FreeAddress(n.TB)
	n.override(fmt.Sprintf("service: {telemetry: {metrics: {address: %q}}}\n", n.Metrics))
	next := n.start()
	n.probed("--ready", "ready; another agent works")
	n.probed("", "alive; another agent works")
	n.figure("the new agent says that it waits", exactly(1), "tailrace_state_waiting")
	n.saying(next, "waiting for another agent on the same journal directory")
	return next
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
