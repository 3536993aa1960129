package hazards

import (
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestFailedFsyncLosesAndRepeatsNothing lets the kernel answer some fsyncs of
// the agent with EIO, which says that what was written may be gone.
func TestFailedFsyncLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	trace := n.Path("strace")
	agent := n.under([]string{n.tool("strace"), "-f", "-o", trace, "-e", "trace=fsync",
		"-e", "inject=fsync:error=EIO:when=12+25"})
	generator := n.Generate("-seed", seed(34), "-containers", "3", "-plains", "1", "-rate", "400")
	testkit.Eventually(t, "fsyncs fail", func() (bool, string) {
		calls, err := os.ReadFile(trace)
		return err == nil && strings.Count(string(calls), "EIO (Input/output error) (INJECTED)") >= 1, agent.Tail()
	})
	n.saying(agent, "an fsync has failed")
	n.saying(agent, "the journal writes again")
	// strace does not pass a request to end on to the agent.
	agent.Kill()
	n.settle(generator, n.start())
}
