package hazards

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/test/oracle"
)

// TestAgentGoesOnAfterSIGSTOP freezes the agent under load, for longer than
// its watchdog's limit in the long form, while a second agent waits for its
// directory: nothing is written meanwhile, and afterwards it is alive and goes
// on where it was.
func TestAgentGoesOnAfterSIGSTOP(t *testing.T) {
	t.Parallel()
	stop := 5 * time.Second
	if tortured() {
		stop = 2 * time.Minute
	}
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(41), "-containers", "3", "-plains", "1", "-rate", "800", "-limit", "262144")
	agent := n.start()
	n.figure("it delivers", atLeast(500), "tailrace_exporter_sent_log_records_total")
	if err := agent.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	second := n.start()
	n.saying(second, "waiting for another agent")
	n.saying(second, fmt.Sprintf("process %d on ", agent.PID()))
	frozen := n.journaled()
	time.Sleep(stop)
	if grown := n.journaled() - frozen; grown != 0 {
		t.Errorf("%d documents were journaled while the agent was stopped: two write", grown)
	}
	written, err := oracle.WrittenSoFar(n.Path("ledger"))
	if err != nil || written <= frozen {
		t.Fatalf("%d lines written, %d journaled, %v: the stop has held up nothing", written, frozen, err)
	}
	second.Kill()
	n.latest = agent
	if err := agent.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	n.figure("it goes on", atLeast(written), "tailrace_exporter_sent_log_records_total")
	if status, text := n.health(); status != 200 {
		t.Errorf("health after the stop: %d %s", status, text)
	}
	v := n.settle(generator, agent)
	t.Logf("RESULT stopped=%s held_up=%d records=%d violations=%d", stop, written-frozen, v.Records, len(v.Violations))
}
