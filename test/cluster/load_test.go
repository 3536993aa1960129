package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
)

// givesWay is about what searches cost a node: they have few turns, and take
// what the agent leaves.
func givesWay(t *testing.T, f *fleet) {
	n := f.add("busy", documents(entry{pod: "web-0", text: "line 0"}))
	start := func(args ...string) *testkit.Process {
		return testkit.Start(t, testkit.Command{
			Name: "plugin", Path: f.plugin, Logs: t.TempDir(), Args: f.line(append([]string{"grep", "line", "--since", "all", "-o", "raw"}, args...)...),
		})
	}
	t.Run("a third search waits for one of two others, and says so", func(t *testing.T) {
		var held []interface{ Close() error }
		for i := range 2 {
			l, err := vfs.OS{}.Lock(filepath.Join(n.root, fmt.Sprintf("search-%d.lock", i+1)))
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, l)
		}
		p := start()
		testkit.Eventually(t, "it waits", func() (bool, string) { return n.heard("w\n"), p.Tail() })
		if n.heard("m ") {
			t.Error("it has found something without a turn")
		}
		held[1].Close()
		if line, status := p.FirstLine(), p.Wait(); line != "line 0" || status != 0 {
			t.Errorf("it prints %q and ends with %d", line, status)
		}
		held[0].Close()
	})
	t.Run("searches are idle in the scheduler's eyes", func(t *testing.T) {
		p := start("-f")
		p.FirstLine()
		for _, pid := range n.busy() {
			for _, thread := range threads(t, pid) {
				a, err := unix.SchedGetAttr(thread, 0)
				if err != nil || a.Policy != unix.SCHED_IDLE {
					t.Errorf("thread %d: policy %v, %v", thread, a, err)
				}
			}
		}
		if len(n.busy()) != 1 {
			t.Errorf("%d searches run", len(n.busy()))
		}
		p.Kill()
		testkit.Eventually(t, "the search on the node ends", func() (bool, string) { return len(n.busy()) == 0, "" })
	})
}

func threads(t *testing.T, pid int) (ids []int) {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
