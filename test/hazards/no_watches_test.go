package hazards

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestFilesAreFoundWithoutWatches takes the kernel's watches away, some or all
// of them: new and rotated logs are found by looking, which the agent says once
// with the cure, and shows in a metric.
func TestFilesAreFoundWithoutWatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, inject, errno, cure string }{
		{"no more watches", "inotify_add_watch:error=ENOSPC:when=4+", "ENOSPC", "fs.inotify.max_user_watches"},
		{"no instance", "inotify_init1:error=EMFILE", "EMFILE", "fs.inotify.max_user_instances"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, "ok")
			trace := n.Path("out", "strace")
			agent := n.under([]string{n.tool("strace"), "-D", "-f", "--seccomp-bpf", "-o", trace,
				"-e", "trace=inotify_add_watch,inotify_init1", "-e", "inject=" + tt.inject})
			generator := n.Generate("-seed", seed(23), "-containers", "8", "-plains", "2", "-rate", "1000", "-limit", "16384")
			n.figure("directories are looked at", atLeast(1), "tailrace_receiver_polled_directories")
			n.saying(agent, tt.cure)
			n.diagnosed(t, "the running agent has none for")
			n.diagnosed(t, "sysctl fs.inotify.max_user_watches=")
			n.arrived(2000)
			v := n.settle(generator, agent)
			if said := n.said(agent, tt.cure); said != 1 {
				t.Errorf("it was said %d times", said)
			}
			fired := injected(t, trace, tt.errno)
			t.Logf("RESULT injected=%d records=%d", fired, v.Records)
			if fired == 0 {
				t.Error("no call failed: the test proves nothing")
			}
		})
	}
}

// diagnosed wants doctor to say text beside the running agent.
func (n *node) diagnosed(t *testing.T, text string) {
	t.Helper()
	line := []string{"doctor"}
	for _, c := range n.configs {
		line = append(line, "--config", c)
	}
	if out, code := testkit.Output(t, testkit.Agent(t), line...); code == 0 || !strings.Contains(out, text) {
		t.Errorf("doctor does not say %q:\n%s", text, out)
	}
}

// injected counts the calls that strace made fail with an errno.
func injected(t *testing.T, trace, errno string) int {
	t.Helper()
	b, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), fmt.Sprintf("%s (", errno))
}
