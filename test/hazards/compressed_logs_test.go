package hazards

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// Logs that are rotated and compressed are read once, by whatever time the
// agent comes to them: while it runs, and after it was down for longer than
// the plain files are kept.
func TestCompressedLogsAreReadOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.override("receivers:\n  files/plain: {include: [" + n.Path("plain", "*.log") + "]}\n")
	n.must(os.MkdirAll(n.Path("plain"), 0o755))
	agent := n.start()
	// What is rotated before the first look is history that nobody asked for.
	n.figure("the agent has looked for logs", atLeast(1), "tailrace_receiver_inotify_watches")
	generator := n.Generate("-seed", seed(14), "-containers", "2", "-plains", "2", "-rate", "2000", "-limit", "65536")

	// The kubelet's way, while the agent reads along.
	running := 0
	testkit.Eventually(t, "logs are rotated and compressed while the agent runs", func() (bool, string) {
		running += n.kubeletCompresses(1)
		return running >= 6, ""
	})
	agent.Kill()
	from := n.written()
	testkit.Eventually(t, "several files of each log are written while the agent is down", func() (bool, string) {
		return n.written() >= from+6000, ""
	})
	generator.Stop()
	down := n.kubeletCompresses(0) + n.compressed(n.rotated("plain", "app-*.log.*")...)
	if down < 8 {
		t.Fatalf("%d files were compressed while the agent was down; more were to be", down)
	}
	agent = n.start()
	n.judged(agent)
	t.Logf("RESULT compressed while running: %d, while down: %d", running, down)
}

// written is how many records are in the files.
func (n *node) written() int {
	n.TB.Helper()
	written, err := oracle.WrittenSoFar(n.Path("ledger"))
	if err != nil {
		n.TB.Fatal(err)
	}
	return written
}

// rotated lists plain files that were rotated away, the oldest first where
// their names have dates.
func (n *node) rotated(pattern ...string) []string {
	n.TB.Helper()
	names, err := filepath.Glob(n.Path(pattern...))
	if err != nil {
		n.TB.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tmp")
	})
	slices.Sort(names)
	return names
}

// kubeletCompresses does to each container's rotated logs but the newest ones
// what the kubelet does (container_log_manager.go): it compresses to a
// temporary file, gives that its name and removes the original.
func (n *node) kubeletCompresses(newest int) (files int) {
	n.TB.Helper()
	for _, dir := range n.rotated("pods", "*", "*") {
		logs := n.rotated("pods", filepath.Base(filepath.Dir(dir)), filepath.Base(dir), "*.log.*")
		for _, log := range logs[:max(0, len(logs)-newest)] {
			n.gzipTo(log, log+".tmp")
			n.must(os.Rename(log+".tmp", log+".gz"))
			n.must(os.Remove(log))
			files++
		}
	}
	return files
}

func (n *node) gzipTo(log, name string) {
	n.TB.Helper()
	out, err := os.Create(name)
	n.must(err)
	defer out.Close()
	gzip := exec.Command(n.tool("gzip"), "-c", log)
	gzip.Stdout = out
	n.must(gzip.Run())
}

// compressed lets gzip(1) replace files, as logrotate does.
func (n *node) compressed(files ...string) int {
	n.TB.Helper()
	if out, err := exec.Command(n.tool("gzip"), files...).CombinedOutput(); err != nil {
		n.TB.Fatalf("gzip: %v\n%s", err, out)
	}
	return len(files)
}

func (n *node) must(err error) {
	n.TB.Helper()
	if err != nil {
		n.TB.Fatal(err)
	}
}
