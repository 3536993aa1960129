package killtest

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// points are the system calls by which things become durable, and the calls of
// a thread at which the agent is killed: the first ones belong to start-up and
// recovery.
var points = []struct {
	calls string
	at    []int
}{
	{"fsync,fdatasync", []int{1, 2, 3, 4, 6, 9}},
	{"pwrite64", []int{1, 2, 3, 5, 8, 13}},
	{"rename,renameat,renameat2,unlinkat", []int{1, 2}},
	{"fallocate,ftruncate", []int{1, 2}},
}

// traceLimit is how long the agent may run without reaching the call. It then
// does what the call is for seldom, and is killed where it is.
const traceLimit = 4 * time.Second

// TestKilledAtItsDurableCalls lets the kernel kill the agent at exact system
// calls, one after the other over the same journal.
func TestKilledAtItsDurableCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute; make test runs it")
	}
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is not installed; run scripts/install-test-deps.sh")
	}
	l := newLife(t, 11)
	config := l.config()
	l.start = func() *testkit.Process { return l.StartAgent(config) }
	generator := l.Generate("-seed", "11", "-containers", "3", "-plains", "1", "-rate", "600", "-limit", "65536")
	runs, fired := 0, 0
	for _, p := range points {
		for _, n := range p.at {
			runs++
			if l.killAt(config, strace, p.calls, n) {
				fired++
			}
		}
	}
	verdict := l.finish(generator)
	t.Logf("RESULT runs=%d killed_at_the_call=%d %s", runs, fired, strings.TrimSpace(verdict.String()))
	if len(verdict.Violations) > 0 {
		t.Error(verdict)
	}
	if fired < runs/2 {
		t.Errorf("only %d of %d calls were reached: the test proves little", fired, runs)
	}
}

// killAt runs the agent until the n-th of such calls in one of its threads
// kills it, and says whether that happened. The agent dies with strace.
func (l *life) killAt(config, strace, calls string, n int) bool {
	l.TB.Helper()
	name := fmt.Sprintf("strace-%s-%d", strings.Split(calls, ",")[0], n)
	p := l.Start(name, strace, "-f", "-o", "/dev/null", "-e", "trace="+calls,
		"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", calls, n),
		"setpriv", "--pdeathsig", "KILL", testkit.Agent(l.TB), "run", "--config", config)
	for until := time.Now().Add(traceLimit); p.Running(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			p.Kill()
			return false
		}
	}
	if code := p.Wait(); code != -1 {
		l.TB.Fatalf("the agent ended by itself with status %d\n%s", code, p.Tail())
	}
	if err := l.scan.More(); err != nil {
		l.TB.Errorf("the journal after a kill at %s %d: %v", calls, n, err)
	}
	return true
}
