package killtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestKillsCatchAnAgentThatForgets runs the same kills with an agent that makes
// the usual mistakes: a kill test that it passes would prove nothing.
func TestKillsCatchAnAgentThatForgets(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; make test runs it")
	}
	t.Parallel()
	l := newLife(t, 3)
	l.sink.Behave("ok")
	generator := l.Generate("-seed", "3", "-containers", "1", "-rate", "800", "-limit", "1073741824")
	logs, err := filepath.Glob(l.Path("pods", "*", "app", "0.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %v, %v", logs, err)
	}
	checkpoint := l.Path("checkpoint")
	if err := os.WriteFile(checkpoint, []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	position := ""
	l.start = func() *testkit.Process {
		position = l.content(checkpoint)
		return l.Start("naive", testkit.Naive(t), logs[0], l.sink.URL, checkpoint)
	}
	l.atWork = func(*testkit.Process) bool { return l.content(checkpoint) != position }
	l.killOften(14)
	last := l.start()
	generator.Stop()
	written := len(l.Account().Entries)
	testkit.Eventually(t, "the naive agent has read everything", func() (bool, string) {
		before := l.sink.Stats().Stored
		time.Sleep(300 * time.Millisecond)
		return before > written/2 && before == l.sink.Stats().Stored, ""
	})
	last.Kill()

	found := map[byte]int{}
	for _, v := range l.Judge(l.sink).Violations {
		found[v.Invariant]++
	}
	t.Logf("%d records; violations by invariant: %v", written, found)
	if found['D'] == 0 {
		t.Error("an agent without stable ids was killed 14 times, and no duplicate was found")
	}
	if found['C'] == 0 {
		t.Error("an agent that keeps lines in memory was killed 14 times, and no loss was found")
	}
}
