package hazards

import (
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// fewDescriptors is how many the agent may have, for its journal, sockets and
// threads as well; containers is how many logs are written at a time, each
// rotated again and again.
func fewDescriptors() (limit, containers int) {
	if tortured() {
		return 256, 10_000
	}
	return 64, 300
}

// TestMoreFilesThanDescriptorsAreAllRead lets the agent open a fraction of the
// logs that are being written and rotated: files take turns, and every line is
// delivered once.
func TestMoreFilesThanDescriptorsAreAllRead(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	limit, containers := fewDescriptors()
	agent := n.under([]string{n.tool("prlimit"), fmt.Sprintf("--nofile=%d:%d", limit, limit)})
	generator := n.Generate("-seed", seed(21), "-containers", fmt.Sprint(containers), "-plains", "3", "-rate", "3000", "-limit", "8192")
	n.figure("files rest without a descriptor", atLeast(containers/2), "tailrace_receiver_resting_files")
	f, err := n.Figures()
	if err != nil {
		t.Fatal(err)
	}
	open, resting := f.Sum("tailrace_receiver_open_files"), f.Sum("tailrace_receiver_resting_files")
	if open == 0 || open > limit {
		t.Errorf("%d log files are open, of %d descriptors", open, limit)
	}
	n.arrived(10 * containers)
	v := n.settle(generator, agent)
	t.Logf("RESULT descriptors=%d open=%d resting=%d records=%d", limit, open, resting, v.Records)
}

// TestDescriptorsThatRunOutAreSpared takes away descriptors from a running
// agent: it says so, closes idle logs, and goes on reading all of them. What is
// not a log takes some thirty.
func TestDescriptorsThatRunOutAreSpared(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	agent := n.start()
	generator := n.Generate("-seed", seed(22), "-containers", "40", "-rate", "500", "-limit", "1048576")
	n.figure("all logs are open", atLeast(40), "tailrace_receiver_open_files")
	if out, code := testkit.Output(t, n.tool("prlimit"), "--nofile=48:48", fmt.Sprintf("--pid=%d", agent.PID())); code != 0 {
		t.Fatal(out)
	}
	n.saying(agent, "no more files can be opened")
	n.figure("files rest without a descriptor", atLeast(10), "tailrace_receiver_resting_files")
	n.settle(generator, agent)
}
