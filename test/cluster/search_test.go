package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit/kube"
)

const (
	trace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	request = "req-17"
)

// threeNodes have lines that alternate in time, and a trace that crosses them.
func threeNodes(f *fleet) {
	for i := range 3 {
		var lines []entry
		pod := fmt.Sprintf("web-%d", i)
		for n := range 5 {
			lines = append(lines, entry{after: time.Duration(3*n+i) * time.Second, pod: pod, text: fmt.Sprintf("line %d", 3*n+i)})
		}
		lines = append(lines, entry{after: time.Minute + time.Duration(2-i)*time.Millisecond, pod: pod, text: "traced", trace: trace})
		if i == 1 {
			lines[5].request = request
		}
		f.add(fmt.Sprintf("node-%d", i), documents(lines...))
	}
}

// searchesAllNodes is about a cluster that is well.
func searchesAllNodes(t *testing.T, f *fleet) {
	threeNodes(f)
	f.Pod("shop", "node-1", kube.JSON{"name": "web-1"}, kube.JSON{"name": "app", "image": "app"})

	t.Run("grep prints the lines of all nodes in the order of time", func(t *testing.T) {
		a := f.ask("grep", "^line", "--since", "all")
		var want strings.Builder
		for n := range 15 {
			fmt.Fprintf(&want, "node-%d %s INFO  web-%d line %d\n", n%3, epoch.Add(time.Duration(n)*time.Second).Format("2006-01-02 15:04:05.000"), n%3, n)
		}
		if a.status != 0 || a.out != want.String() || a.err != "" {
			t.Errorf("want:\n%s%v", want.String(), a)
		}
	})
	t.Run("grep has the statuses of grep", func(t *testing.T) {
		for _, c := range []struct {
			status int
			args   []string
		}{
			{0, []string{"grep", "line 4", "-q", "--since", "all"}},
			{1, []string{"grep", "no such line", "--since", "all"}},
			{2, []string{"grep", "(", "--since", "all"}},
			{2, []string{"grep"}},
			{1, []string{"grep", "line"}},
		} {
			if a := f.ask(c.args...); a.status != c.status || a.out != "" {
				t.Errorf("%v: want status %d: %v", c.args, c.status, a)
			}
		}
	})
	t.Run("grep says when there are lines before the last hour", func(t *testing.T) {
		if a := f.ask("grep", "line"); !strings.Contains(a.err, "note: only the last 1h was searched; there are lines from 2026-03-05 10:00:00 on") {
			t.Error(a)
		}
	})
	t.Run("grep -m stops after so many lines of all nodes together", func(t *testing.T) {
		a := f.ask("grep", "line", "-m", "4", "-o", "raw", "--since", "all")
		if a.status != 0 || a.out != "line 0\nline 1\nline 2\nline 3\n" {
			t.Error(a)
		}
	})
	t.Run("grep -C sets groups of nodes apart", func(t *testing.T) {
		a := f.ask("grep", "line [67]$", "-C", "1", "-o", "raw", "--since", "all")
		if a.status != 0 || a.out != "line 3\n--\nline 4\n--\nline 6\n--\nline 7\n--\nline 9\n--\nline 10\n" {
			t.Error(a)
		}
	})
	t.Run("--node asks only that node", func(t *testing.T) {
		for _, n := range f.nodes {
			n.asked()
		}
		a := f.ask("grep", "line", "--node", "node-2", "-o", "raw", "--since", "all")
		if a.status != 0 || a.out != "line 2\nline 5\nline 8\nline 11\nline 14\n" {
			t.Error(a)
		}
		if line := f.nodes[2].lastRun(); !strings.HasSuffix(line, " --stream --since=all -- line") {
			t.Errorf("the node is asked %s", line)
		}
		if asked := []int{f.nodes[0].asked(), f.nodes[1].asked(), f.nodes[2].asked()}; fmt.Sprint(asked) != "[0 0 1]" {
			t.Errorf("asked: %v", asked)
		}
	})
	t.Run("logs asks only the node of a pod that exists", func(t *testing.T) {
		a := f.ask("logs", "web-1", "-n", "shop", "-o", "raw", "--tail", "2")
		if a.status != 0 || a.out != "line 13\ntraced\n" || a.err != "" {
			t.Error(a)
		}
		if asked := []int{f.nodes[0].asked(), f.nodes[1].asked(), f.nodes[2].asked()}; fmt.Sprint(asked) != "[0 1 0]" {
			t.Errorf("asked: %v", asked)
		}
	})
	t.Run("logs finds pods that are gone, on all nodes", func(t *testing.T) {
		a := f.ask("logs", "web-2", "-n", "shop", "-o", "raw", "--tail", "1")
		if a.status != 0 || a.out != "traced\n" {
			t.Error(a)
		}
		if a := f.ask("logs", "web-9", "-n", "shop"); a.status != 1 || !strings.Contains(a.err, "no node has lines of pod web-9 of namespace shop") {
			t.Error(a)
		}
	})
	t.Run("trace joins the lines of all nodes", func(t *testing.T) {
		want := `trace ` + trace + `
2026-03-05 10:01:00.000000Z
      +0.000 ms  web-2  INFO  traced
      +1.000 ms    web-1  INFO  traced%s
      +2.000 ms      web-0  INFO  traced
3 lines of 3 services in 2ms
`
		a := f.ask("trace", strings.ToUpper(trace), "--utc")
		if a.status != 0 || a.out != fmt.Sprintf(want, ` http.request.header.x-request-id=["req-17"]`) {
			t.Error(a)
		}
	})
	t.Run("trace finds by a request id what has it on no node", func(t *testing.T) {
		a := f.ask("trace", request, "--utc", "-o", "raw")
		if a.status != 0 || a.out != "traced\ntraced\ntraced\n" {
			t.Error(a)
		}
		if a := f.ask("trace", "req-99"); a.status != 1 || !strings.Contains(a.err, "no node has a line of request req-99") {
			t.Error(a)
		}
	})
	t.Run("status shows each node", func(t *testing.T) {
		a := f.ask("status")
		lines := strings.Split(strings.TrimSpace(a.out), "\n")
		if a.status != 0 || len(lines) != 4 || !strings.HasPrefix(lines[1], "node-0  ") ||
			!strings.Contains(lines[1], "its agent does not answer: none answers at") {
			t.Error(a)
		}
		a = f.ask("status", "-o", "json", "--node", "node-1")
		if a.status != 0 || !strings.HasPrefix(a.out, `{"node":"node-1","status":{"time":`) || strings.Count(a.out, "\n") != 1 {
			t.Error(a)
		}
	})
}
