package hazards

import (
	"os"
	"os/exec"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// squeezed is a node whose agent runs in a control group.
func squeezed(t *testing.T, script string) (*node, *memoryGroup) {
	t.Helper()
	n := newNode(t, script)
	g := newMemoryGroup(t)
	n.binary = testkit.LeanAgent(t)
	return n, g
}

// TestAgentLivesWithinItsMemoryLimit gives the agent 28 MiB, program and page
// cache included, a dead sink, and lines of half a megabyte among many others.
// Left to itself, Go's garbage collector passes that and the kernel kills; the
// agent takes its limit from the group, lives, and delivers everything once.
func TestAgentLivesWithinItsMemoryLimit(t *testing.T) {
	t.Parallel()
	const limit = 28
	n, g := squeezed(t, "503")
	g.allow(limit)
	generator := n.Generate("-seed", seed(61), "-containers", "12", "-plains", "4", "-rate", "2000", "-longs", "50", "-limit", "67108864")
	agent := n.under(g.wrapper())
	n.saying(agent, "memory is limited by the control group")
	n.figure("lines wait for the sink", atLeast(4_000), "tailrace_exporter_pending_log_records")
	generator.Stop()
	n.sink.Behave("ok")
	n.Drained(n.sink, agent, len(n.Account().Entries))
	peak := agent.PeakMemory()
	v := n.settle(generator, agent)
	if kills := g.oomKills(); kills > 0 {
		t.Errorf("%d OOM kills", kills)
	}
	t.Logf("RESULT limit=%dMiB peak=%dMiB records=%d violations=%d", limit, peak>>20, v.Records, len(v.Violations))
}

// TestOOMKillsLoseAndRepeatNothing has the kernel kill the agent in the midst of
// its work, each time that somebody else takes the memory of its group, and then
// again and again because the limit is too small. When it is raised, everything
// is delivered, once.
func TestOOMKillsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	testkit.PrivateMounts(t)
	n, g := squeezed(t, "ok")
	testkit.Tmpfs(t, n.Path("taken"), "size=64m")
	generator := n.Generate("-seed", seed(62), "-containers", "4", "-plains", "2", "-rate", "1500", "-limit", "4194304")
	g.allow(64)
	squeezes, tooSmall := 2, 1
	if tortured() {
		squeezes, tooSmall = 8, 4
	}
	for range squeezes {
		agent := n.under(g.wrapper())
		n.figure("it delivers", atLeast(1), "tailrace_exporter_sent_log_records_total")
		n.oomKilled(g, agent, n.take)
	}
	g.allow(8)
	for range tooSmall {
		n.oomKilled(g, n.under(g.wrapper()), nil)
	}
	g.allow(64)
	v := n.settle(generator, n.under(g.wrapper()))
	t.Logf("RESULT oom_kills=%d records=%d repeats=%d violations=%d", g.oomKills(), v.Records, v.Repeats, len(v.Violations))
}

// take has somebody else in the group take 52 MiB, and let them go when the
// kernel has killed somebody for it.
func (n *node) take(g *memoryGroup) {
	n.TB.Helper()
	name := n.Path("taken", "memory")
	cmd := exec.Command("/bin/sh", "-ec", `echo $$ > "$0"/cgroup.procs; exec dd if=/dev/zero of="$1" bs=1M count=52`, g.dir, name)
	// The taker may be the one that is killed.
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		n.TB.Fatalf("dd: %v\n%s", err, out)
	}
	if err := os.Remove(name); err != nil {
		n.TB.Fatal(err)
	}
}

// oomKilled waits for the kernel to kill the agent, whose memory others take if
// that is said.
func (n *node) oomKilled(g *memoryGroup, agent *testkit.Process, take func(*memoryGroup)) {
	n.TB.Helper()
	before := g.oomKills()
	for take != nil && agent.Running() {
		take(g)
	}
	if code := agent.Wait(); code != -1 {
		n.TB.Fatalf("the agent ended with status %d\n%s", code, agent.Tail())
	}
	testkit.Eventually(n.TB, "the kernel counts its kill", func() (bool, string) { return g.oomKills() > before, "" })
}
