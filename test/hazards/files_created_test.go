package hazards

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

const (
	// createdPerSecond is how many pods come in a second.
	createdPerSecond = 1000
	// memoryBase and memoryPerFile bound what the agent takes: itself, and what
	// it keeps of each file. The race detector takes several times as much.
	memoryBase    = 160 << 20
	memoryPerFile = 40 << 10
	// found is within what a new file must be, on a machine however slow.
	found = time.Minute
)

// TestAThousandFilesASecondAreFound creates a thousand pods in each second,
// with a line each: every line arrives once, files are found within bounds, and
// memory stays proportional to the number of files.
func TestAThousandFilesASecondAreFound(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	seconds := 2
	if tortured() {
		seconds = 60
	}
	agent := n.start()
	n.figure("the agent runs", atLeast(1), "process_resident_memory_bytes")
	files := seconds * createdPerSecond
	n.createPods(files)
	n.figure("every line was read", exactly(files), "tailrace_receiver_accepted_log_records_total")
	f, err := n.Figures()
	if err != nil {
		t.Fatal(err)
	}
	memory := f.Sum("process_resident_memory_bytes")
	if memory > memoryBase+files*memoryPerFile {
		t.Errorf("%d bytes of memory for %d files", memory, files)
	}
	p99, worst := n.delays(files)
	t.Logf("RESULT files=%d per_second=%d delay_p99=%s delay_max=%s memory=%d MiB", files, createdPerSecond, p99, worst, memory>>20)
	if worst > found {
		t.Errorf("a file was found after %s", worst)
	}
	n.Drained(n.sink, agent, files)
	agent.Stop()
}

// createPods paces itself by the clock; on a slow machine it takes longer.
func (n *node) createPods(files int) {
	n.TB.Helper()
	begin := time.Now()
	for i := range files {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / createdPerSecond)))
		dir := n.Path("pods", fmt.Sprintf("jobs_job-%d_00000000-0000-4000-8000-%012d", i, i), "app")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			n.TB.Fatal(err)
		}
		now := time.Now()
		writeFile(n.TB, filepath.Join(dir, "0.log"), fmt.Sprintf("%s stdout F %d %d\n", now.UTC().Format(time.RFC3339Nano), i, now.UnixNano()))
	}
}

// delays are how long after their creation files were read, and fails for each
// that was not read exactly once.
func (n *node) delays(files int) (p99, worst time.Duration) {
	n.TB.Helper()
	var all []time.Duration
	seen := map[string]bool{}
	testkit.Eventually(n.TB, "every line is in the journal", func() (bool, string) {
		docs := n.journaled()
		return docs >= files, fmt.Sprint(docs)
	})
	for _, d := range n.observed() {
		number, created, _ := strings.Cut(d.text, " ")
		at, err := strconv.ParseInt(created, 10, 64)
		if err != nil || seen[number] {
			n.TB.Errorf("twice, or never written: %q", d.text)
		}
		seen[number] = true
		all = append(all, d.at.Sub(time.Unix(0, at)))
	}
	if len(seen) != files {
		n.TB.Errorf("%d of %d files were read", len(seen), files)
	}
	slices.Sort(all)
	return all[len(all)*99/100], all[len(all)-1]
}

type observation struct {
	text string
	at   time.Time
}

// observed are the journal's documents with the times at which they were read.
func (n *node) observed() (all []observation) {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, i := range items {
		var doc struct {
			Observed time.Time `json:"observed_timestamp"`
			Body     struct{ Text string }
		}
		if err := json.Unmarshal(i.Doc, &doc); err != nil {
			n.TB.Fatal(err)
		}
		all = append(all, observation{doc.Body.Text, doc.Observed})
	}
	return all
}
