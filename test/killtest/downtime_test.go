package killtest

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestRotationsWhileTheAgentIsDownAreReadLater lets every log be rotated
// several times between two lives of the agent. The pattern for the plain logs
// names only the live ones: what was rotated away from them since is theirs.
func TestRotationsWhileTheAgentIsDownAreReadLater(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; make test runs it")
	}
	l := newLife(t, 6)
	l.sink.Behave("ok")
	l.plainGlob = "*.log"
	config := l.config()
	l.start = func() *testkit.Process { return l.StartAgent(config) }
	generator := l.Generate("-seed", "6", "-containers", "2", "-plains", "2", "-rate", "1000", "-limit", "65536")
	agent := l.start()
	time.Sleep(1500 * time.Millisecond)
	l.kill(agent)
	time.Sleep(3 * time.Second)
	if verdict := l.finish(generator); len(verdict.Violations) > 0 {
		t.Error(verdict)
	}
}
