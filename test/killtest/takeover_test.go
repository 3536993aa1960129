package killtest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestSecondAgentWaitsAndTakesOver starts two agents on one folder, as a
// rolling update does: the second must do nothing until the first is gone.
func TestSecondAgentWaitsAndTakesOver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; make test runs it")
	}
	t.Parallel()
	l := newLife(t, 5)
	config := l.config()
	generator := l.Generate("-seed", "5", "-containers", "3", "-rate", "800", "-limit", "65536")
	first := l.StartAgent(config)
	second := l.Start("second", testkit.Agent(t), "run", "--config", config, "--config", l.ownAddress())
	time.Sleep(time.Second)
	l.kill(first)
	if !second.Running() {
		t.Fatalf("the second agent gave up\n%s", second.Tail())
	}
	generator.Stop()
	l.sink.Behave("ok")
	l.Drained(l.sink, second, len(l.Account().Entries))
	second.Stop()
	if verdict := l.Judge(l.sink); len(verdict.Violations) > 0 {
		t.Error(verdict)
	}
}

// ownAddress is a configuration with another address for metrics, as each pod
// has one.
func (l *life) ownAddress() string {
	l.TB.Helper()
	name := l.Path("second.yaml")
	text := fmt.Sprintf("service: {telemetry: {metrics: {address: %q}}}\n", testkit.FreeAddress(l.TB))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		l.TB.Fatal(err)
	}
	return name
}
