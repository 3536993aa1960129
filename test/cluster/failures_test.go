package cluster

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
	"github.com/tailrace/tailrace/internal/testkit/kubelet"
)

// namesNodesThatDoNotAnswer is about a cluster in which one node is well: its
// lines are shown, whatever the others do.
func namesNodesThatDoNotAnswer(t *testing.T, f *fleet) {
	f.add("well", documents(entry{pod: "web-0", text: "line 0"}, entry{after: time.Minute, pod: "web-0", text: "line 1"}))
	other := f.add("other", documents(entry{after: time.Second, pod: "web-1", text: "unseen"}))
	grep := func(args ...string) answer { return f.ask(append([]string{"grep", "", "--since", "all"}, args...)...) }

	// More than half of what a node may send without being granted more.
	beforeTheCut := strings.Repeat("x", 600<<10)
	for what, c := range map[string]struct {
		run      func(*kubelet.Exec) int
		out, err string
	}{
		"a connection that is cut in the middle of the answer": {
			func(e *kubelet.Exec) int {
				grants := bufio.NewScanner(e.Stdin)
				grants.Scan()
				fmt.Fprintf(e.Stdout, "m %d %s\n", epoch.Add(time.Second).UnixNano(), documents(entry{after: time.Second, pod: "web-1", text: beforeTheCut}))
				// More is granted when the line has been printed.
				for grants.Scan() && grants.Text() == "0" {
				}
				e.Cut()
				return 0
			},
			beforeTheCut + "\n", "what it found before is shown",
		},
		"a container without the agent's program": {
			func(e *kubelet.Exec) int { fmt.Fprintln(e.Stderr, "exec: no such file"); return 127 },
			"", "other: exec: no such file",
		},
		"an agent that is too old": {
			func(e *kubelet.Exec) int {
				fmt.Fprintln(e.Stderr, "tailrace: unknown flag: --stream\ntailrace: see 'tailrace grep --help'")
				return 2
			},
			"", "other: its agent (pod observability/tailrace-other) is too old to be asked from afar: upgrade it",
		},
		"an answer that is none": {
			func(e *kubelet.Exec) int { fmt.Fprintln(e.Stdout, "\x1b[2Jgotcha"); return 0 },
			"", `the answer is not that of a search: it says "\x1b[2Jgotcha"`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			other.Run(c.run)
			a := grep("-o", "raw")
			if a.status != 2 || !strings.Contains(a.err, c.err) || !strings.Contains(a.err, "1 of 2 nodes did not answer to the end") ||
				!strings.HasPrefix(a.out, "line 0\n"+c.out+"line 1\n") {
				t.Errorf("want %.80q and %q: status %d, %.80q, %.800s", c.out, c.err, a.status, a.out, a.err)
			}
		})
	}
	t.Run("a node that hangs", func(t *testing.T) {
		other.Run(func(e *kubelet.Exec) int {
			_, _ = io.Copy(io.Discard, e.Stdin)
			return 1
		})
		if a := grep("--node", "other", "--timeout", "1s"); a.status != 2 || !strings.Contains(a.err, "other: nothing was heard of it for 1s: --timeout waits longer") {
			t.Error(a)
		}
		if a := f.ask("status", "--node", "other", "--timeout", "1s"); a.status != 2 || !strings.Contains(a.out, "other  -") {
			t.Error(a)
		}
	})
	t.Run("a node whose kubelet is not reached", func(t *testing.T) {
		other.Stop()
		a := grep("-o", "raw")
		if a.status != 2 || a.out != "line 0\nline 1\n" || !strings.Contains(a.err, "other: the API server does not reach its kubelet: ") {
			t.Error(a)
		}
	})
	t.Run("a node whose agent does not run, and nodes without one", func(t *testing.T) {
		f.phase(other.pod, "Pending")
		kubelet.Start(t, f.Cluster, "bare", f.labels(), nil)
		a := grep("-o", "raw")
		if a.status != 2 || a.out != "line 0\nline 1\n" ||
			!strings.Contains(a.err, "bare: no agent's pod is on it: its logs were not searched") ||
			!strings.Contains(a.err, "other: its agent's pod observability/tailrace-other is Pending: its logs were not searched") {
			t.Error(a)
		}
		if a := grep("--node", "nowhere"); a.status != 2 || !strings.Contains(a.err, "nowhere: there is no node of this name") {
			t.Error(a)
		}
	})
}

// endsSearchesWithTheOneWhoAsked interrupts searches that would go on for
// ever: programs in a container are not ended by a connection that is.
func endsSearchesWithTheOneWhoAsked(t *testing.T, f *fleet) {
	n := f.add("left", documents(entry{pod: "web-0", text: "line 0"}))
	for what, end := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "kill -9": os.Kill} {
		t.Run(what, func(t *testing.T) {
			p := testkit.Start(t, testkit.Command{
				Name: "plugin", Path: f.plugin, Logs: t.TempDir(),
				Args: f.line("grep", "line", "--since", "all", "-f", "-o", "raw"),
			})
			if line := p.FirstLine(); line != "line 0" || len(n.busy()) != 1 {
				t.Fatalf("it prints %q while %d searches run", line, len(n.busy()))
			}
			if err := p.Signal(end); err != nil {
				t.Fatal(err)
			}
			p.Wait()
			testkit.Eventually(t, "the search on the node ends", func() (bool, string) { return len(n.busy()) == 0, p.Tail() })
		})
	}
}

// needsTheRightsThatAreDocumented takes rights away: the message says
// which one is missing.
func needsTheRightsThatAreDocumented(t *testing.T, f *fleet) {
	defer f.Allow(user, everyRight(t)...)
	f.add("guarded", documents(entry{pod: "web-0", text: "line 0"}))
	list := func(what ...any) any {
		return kube.JSON{"apiGroups": []any{""}, "resources": what, "verbs": []any{"list"}}
	}
	run := func(verbs ...any) any {
		return kube.JSON{"apiGroups": []any{""}, "resources": []any{"pods/exec"}, "verbs": verbs}
	}
	for what, c := range map[string]struct {
		rules  []any
		status int
		err    string
	}{
		"list pods":  {[]any{run("create", "get")}, 2, "the right that is missing is to list pods in any namespace"},
		"pods/exec":  {[]any{list("pods", "nodes")}, 2, "the right that is missing is to create pods/exec in namespace observability"},
		"list nodes": {[]any{list("pods"), run("create", "get")}, 0, "note: whether every node has an agent is not known: nodes is forbidden"},
		// Without WebSockets, as older clients and servers do.
		"get pods/exec": {[]any{list("pods", "nodes"), run("create")}, 0, ""},
		"nothing":       {everyRight(t), 0, ""},
	} {
		t.Run("without "+what, func(t *testing.T) {
			f.Allow(user, c.rules...)
			a := f.ask("grep", "", "--since", "all", "-o", "raw")
			if a.status != c.status || !strings.Contains(a.err, c.err) || (c.err == "") != (a.err == "") {
				t.Errorf("want status %d, %q: %v", c.status, c.err, a)
			}
			if (a.out == "line 0\n") != (c.status == 0) {
				t.Error(a)
			}
		})
	}
	if out, err := exec.Command(f.plugin, "grep", "", "--kubeconfig", "/none").CombinedOutput(); err == nil || !strings.Contains(string(out), "which cluster is meant is not known") {
		t.Errorf("without a kubeconfig: %v, %s", err, out)
	}
}
