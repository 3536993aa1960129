package hazards

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

const (
	// deletedBytes and deletedFiles are the budget that the agent gets.
	deletedBytes = 3 << 20
	deletedFiles = 16
	// chapter is the size at which the pod's log is rotated.
	chapter = 1 << 20
)

// TestOutagePinsNoMoreThanTheBudgetOfDeletedFiles lets a pod write on while its
// lines cannot be delivered and the journal is full. Its log is rotated, and
// deleted soon after: the agent keeps what it has not read until its budget is
// used up, and counts the rest as lost, to the byte.
func TestOutagePinsNoMoreThanTheBudgetOfDeletedFiles(t *testing.T) {
	t.Parallel()
	n := newNode(t, "503")
	n.override(fmt.Sprintf(`
service:
  journal: {max_size: 16MiB}
  deleted: {max_size: %d, max_files: %d}
`, deletedBytes, deletedFiles))
	agent := n.start()
	p := n.newPrinter("shop_loud-0_00000000-0000-4000-8000-000000000001")
	chapters := 30
	if tortured() {
		chapters = 600
	}
	for range chapters {
		p.write(chapter)
		n.opened(agent, p.log)
		p.rotate()
	}
	bytes, files := n.pinned(agent)
	testkit.Eventually(t, "deleted files are given up", func() (bool, string) {
		bytes, files = n.pinned(agent)
		return bytes <= deletedBytes+chapter && files <= deletedFiles, fmt.Sprintf("%d bytes in %d files", bytes, files)
	})
	n.sink.Behave("ok")
	var read, lost int
	testkit.Eventually(t, "every byte is accounted for", func() (bool, string) {
		f, err := n.Figures()
		if err != nil {
			return false, err.Error()
		}
		read, lost = f.Sum("tailrace_receiver_accepted_bytes_total"), f.Sum("tailrace_receiver_lost_bytes_total")
		gaps := f.Sum("tailrace_receiver_unidentified_lost_bytes_total")
		return read+lost == p.bytes && gaps == 0, fmt.Sprintf("%d read, %d lost, %d unidentified, of %d", read, lost, gaps, p.bytes)
	})
	t.Logf("RESULT written=%d read=%d lost=%d pinned=%d in %d files", p.bytes, read, lost, bytes, files)
	if lost == 0 {
		t.Error("nothing was lost: the budget was never used up")
	}
	n.onceEach(agent)
}

// onceEach waits until everything in the journal is delivered, and wants no
// line twice and none that nobody wrote.
func (n *node) onceEach(agent *testkit.Process) {
	n.TB.Helper()
	seen := map[string]bool{}
	docs := n.documents()
	for _, d := range docs {
		if seen[d.text] {
			n.TB.Errorf("twice: %.80s", d.text)
		}
		seen[d.text] = true
		if !strings.HasPrefix(d.text, "line ") {
			n.TB.Errorf("nobody wrote %.80q", d.text)
		}
	}
	n.Drained(n.sink, agent, len(docs))
	agent.Stop()
}

// printer is a container whose log the kubelet rotates, keeping one.
type printer struct {
	node      *node
	dir, log  string
	random    *rand.Rand
	kept      string
	lines     int
	bytes     int
	rotations int
}

func (n *node) newPrinter(pod string) *printer {
	n.TB.Helper()
	dir := n.Path("pods", pod, "app")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		n.TB.Fatal(err)
	}
	return &printer{node: n, dir: dir, log: filepath.Join(dir, "0.log"), random: rand.New(rand.NewPCG(1, 9))}
}

// write adds lines that do not compress well.
func (p *printer) write(bytes int) {
	var b strings.Builder
	noise := make([]byte, 400)
	for b.Len() < bytes {
		for i := range noise {
			noise[i] = byte(p.random.Uint32())
		}
		p.lines++
		fmt.Fprintf(&b, "%s stdout F line %d %s\n", time.Now().UTC().Format(time.RFC3339Nano), p.lines, base64.StdEncoding.EncodeToString(noise))
	}
	p.bytes += b.Len()
	writeFile(p.node.TB, p.log, b.String())
}

// rotate renames the log and deletes the one before.
func (p *printer) rotate() {
	p.node.TB.Helper()
	p.rotations++
	name := p.log + "." + time.Date(2026, 3, 5, 0, 0, p.rotations, 0, time.UTC).Format("20060102-150405")
	if err := os.Rename(p.log, name); err != nil {
		p.node.TB.Fatal(err)
	}
	if p.kept != "" {
		if err := os.Remove(p.kept); err != nil {
			p.node.TB.Fatal(err)
		}
	}
	p.kept = name
}

// opened waits until the agent has a file open.
func (n *node) opened(agent *testkit.Process, name string) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "the agent opens the log", func() (bool, string) {
		for _, link := range n.descriptors(agent) {
			if link.name == name {
				return true, ""
			}
		}
		return false, agent.Tail()
	})
}

type descriptor struct {
	name string
	size int64
}

// descriptors lists what the agent has open (proc_pid_fd(5)).
func (n *node) descriptors(agent *testkit.Process) (open []descriptor) {
	n.TB.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", agent.PID()))
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, fd := range fds {
		// Descriptors come and go meanwhile.
		name, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		if st, err := os.Stat(fd); err == nil {
			open = append(open, descriptor{name, st.Size()})
		}
	}
	return open
}

// pinned is what the agent keeps of deleted logs.
func (n *node) pinned(agent *testkit.Process) (bytes int64, files int) {
	for _, d := range n.descriptors(agent) {
		if strings.HasPrefix(d.name, n.Path("pods")) && strings.HasSuffix(d.name, " (deleted)") {
			bytes += d.size
			files++
		}
	}
	return bytes, files
}
