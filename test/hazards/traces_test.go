package hazards

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// growing are logs of containers whose two streams grow by a line each at a time.
type growing struct {
	n    *node
	pods []string
	// streams are the lines that are not written yet, two of each pod.
	streams [][]string
	written int
}

// grow writes the next line of each stream. It says whether there was one.
func (g *growing) grow() bool {
	g.n.TB.Helper()
	more := false
	for i, lines := range g.streams {
		if len(lines) == 0 {
			continue
		}
		more = true
		text := fmt.Sprintf("2026-03-05T10:11:12.%09dZ %s F %s\n", g.written, [2]string{"stdout", "stderr"}[i%2], lines[0])
		writeFile(g.n.TB, g.n.podLog(g.pods[i/2]), text)
		g.streams[i], g.written = lines[1:], g.written+len(text)
	}
	return more
}

// read waits until the agent has read what is written.
func (g *growing) read() {
	g.n.TB.Helper()
	g.n.figure("the lines are read", exactly(g.written), "tailrace_receiver_accepted_bytes_total")
}

// tracesOf are the lines of traces that programs wrote, with a line that belongs to
// none at the end.
func tracesOf(t *testing.T, names ...string) (lines []string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(testkit.Root(t), "internal/tail/multiline/testdata", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line[0] != '#' {
				lines = append(lines, strings.TrimSuffix(line[2:], "\n"))
			}
		}
	}
	return append(lines, "2026-03-05 10:11:12 INFO the end")
}

// stored are the hashes of the documents that came to the sink, by their ids,
// from an arrival on.
func (n *node) stored(from int) map[string]string {
	n.TB.Helper()
	arrivals, err := oracle.ReadRecord(n.sink.Record)
	if err != nil {
		n.TB.Fatal(err)
	}
	hashes := map[string]string{}
	for _, a := range arrivals[from:] {
		if before := hashes[a.ID]; before != "" && before != a.Hash {
			n.TB.Errorf("two documents have the id %s", a.ID)
		}
		hashes[a.ID] = a.Hash
	}
	return hashes
}

// With a journal in memory the agent is killed at every line of stack traces in
// four interleaved streams of two containers, one of whose logs is rotated in the
// middle of a trace: the documents are those, by their ids and content, of an agent
// that reads the whole files in one life.
func TestTracesAreWholeWhereverBetweenTheirLinesTheAgentIsKilled(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "ok")
	g := &growing{n: n, pods: []string{"a", "b"}, streams: [][]string{
		tracesOf(t, "java-loggers"), tracesOf(t, "php-fpm", "go-error"), tracesOf(t, "go-nil", "dart"), tracesOf(t, "ruby-rails", "go-mutex"),
	}}
	if tortured() {
		g.streams = [][]string{
			tracesOf(t, "java", "dotnet"), tracesOf(t, "python", "php"), tracesOf(t, "go-serve", "go-headers", "rust"), tracesOf(t, "node", "ruby", "generic"),
		}
	}
	kills, lines := 0, 0
	for _, s := range g.streams {
		lines += len(s)
	}
	for rotated := false; g.grow(); kills++ {
		agent := n.start()
		g.read()
		agent.Kill()
		if !rotated && kills == 9 {
			rotated = true
			if err := os.Rename(n.podLog("a"), n.podLog("a")+".20260305-101112"); err != nil {
				t.Fatal(err)
			}
		}
	}
	agent := n.start()
	n.figure("every line is acknowledged", exactly(lines), "tailrace_receiver_accepted_log_records_total")
	agent.Stop()
	killed := n.stored(0)

	if err := os.RemoveAll(n.Path("state")); err != nil {
		t.Fatal(err)
	}
	before := n.sink.Stats()
	agent = n.start()
	n.figure("every line is acknowledged", exactly(lines), "tailrace_receiver_accepted_log_records_total")
	agent.Stop()
	once := n.stored(before.Stored + before.Repeats)
	t.Logf("RESULT kills=%d lines=%d documents=%d repeats=%d", kills, lines, len(once), before.Repeats)
	if diff := cmp.Diff(once, killed); diff != "" {
		t.Errorf("the documents differ from those of an agent that is not killed (-one life +%d lives):\n%s", kills, diff)
	}
	if kills < 20 || len(once) > lines*2/3 {
		t.Errorf("%d kills, %d documents of %d lines: the test does not show what it should", kills, len(once), lines)
	}
}

// With the journal on disk the clock ends records too, so that one whose writer is
// slow, or whose reader is killed meanwhile, may be two: but no line is lost, none
// is in two documents, and what goes on with a record says so. While the agent is
// killed between their lines, records come out whole.
func TestRecordsOnDiskLoseNoLineWhereverBetweenThemTheAgentIsKilled(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	g := &growing{n: n, pods: []string{"a", "b"}, streams: make([][]string, 4)}
	written := map[string][]string{}
	whole := 0
	for round := 0; whole < 4; round++ {
		if round == 30 {
			t.Fatalf("%d records were written while the agent was killed between their lines, and %d came out whole", 4*round, whole)
		}
		for i := range g.streams {
			name := fmt.Sprintf("%s/%s", g.pods[i/2], [2]string{"stdout", "stderr"}[i%2])
			g.streams[i] = []string{fmt.Sprintf("order %d of %s", round, name), fmt.Sprintf("    step 1 of %d", round), fmt.Sprintf("    step 2 of %d", round)}
			written[name] = append(written[name], g.streams[i]...)
		}
		for g.grow() {
			agent := n.start()
			g.read()
			agent.Kill()
		}
		whole = n.checkSteps(written, false)
	}
	agent := n.start()
	testkit.Eventually(t, "every line is in a document", func() (bool, string) {
		lines := 0
		for _, d := range n.documents() {
			lines += 1 + strings.Count(d.text, "\n")
		}
		return lines == g.lines(written), agent.Tail()
	})
	agent.Stop()
	n.checkSteps(written, true)
}

func (g *growing) lines(written map[string][]string) (n int) {
	for _, lines := range written {
		n += len(lines)
	}
	return n
}

// checkSteps compares the documents of each stream with its lines, of which the
// last ones may be missing unless all are wanted, and counts the records of three
// lines.
func (n *node) checkSteps(written map[string][]string, all bool) (whole int) {
	n.TB.Helper()
	got := map[string][]string{}
	for _, d := range n.documents() {
		lines := strings.Split(d.text, "\n")
		if first := strings.HasPrefix(lines[0], "order "); first != (d.marks == "") {
			n.TB.Errorf("a record is marked %q: %q", d.marks, d.text)
		}
		if len(lines) == 3 {
			whole++
		}
		got[d.pod+"/"+d.stream] = append(got[d.pod+"/"+d.stream], lines...)
	}
	for name, want := range written {
		if !all {
			want = want[:min(len(want), len(got[name]))]
		}
		if !slices.Equal(got[name], want) {
			n.TB.Fatalf("the lines of %s differ (-written +in documents):\n%s", name, cmp.Diff(want, got[name]))
		}
	}
	return whole
}
