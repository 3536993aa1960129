package killtest

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestRotationsWhileTheAgentIsDownAreReadLater lets every log be rotated
// several times between two lives of the agent. The pattern for the plain logs
// names only the live ones: what was rotated away from them since is theirs.
func TestRotationsWhileTheAgentIsDownAreReadLater(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; make test runs it")
	}
	t.Parallel()
	l := newLife(t, 6)
	l.sink.Behave("ok")
	l.plainGlob = "*.log"
	config := l.config()
	l.start = func() *testkit.Process { return l.StartAgent(config) }
	// The agent is there first: of what was rotated away before it ever ran,
	// it reads only what a pattern names.
	for _, dir := range []string{"pods", "plain"} {
		if err := os.MkdirAll(l.Path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	agent := l.start()
	generator := l.Generate("-seed", "6", "-containers", "2", "-plains", "2", "-rate", "1000", "-limit", "65536")
	l.seen("f0", "f1")
	l.kill(agent)
	time.Sleep(3 * time.Second)
	if verdict := l.finish(generator); len(verdict.Violations) > 0 {
		t.Error(verdict)
	}
}

// seen waits until something of each stream has arrived.
func (l *life) seen(streams ...string) {
	l.TB.Helper()
	testkit.Eventually(l.TB, "every log is being read", func() (bool, string) {
		arrivals, err := oracle.ReadRecord(l.sink.Record)
		if err != nil {
			return false, err.Error()
		}
		for _, s := range streams {
			if !slices.ContainsFunc(arrivals, func(a oracle.Arrival) bool { return a.Stream == s }) {
				return false, "nothing of " + s
			}
		}
		return true, ""
	})
}
