package hazards

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestReusedInodesAndEqualBeginningsAreToldApart fills a directory with logs
// that all begin with the same 2 KiB, and puts new ones in the place of deleted
// ones, over and over. With few descriptors the kernel gives the inodes again
// at once. Each line is there once.
func TestReusedInodesAndEqualBeginningsAreToldApart(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	agent := n.under([]string{n.tool("prlimit"), "--nofile=64:64"})
	banner := strings.Repeat("=", 100) + "\n"
	logs, rounds := 60, 2
	if tortured() {
		logs, rounds = 500, 10
	}
	inodes, reused, lines := map[uint64]bool{}, 0, 0
	for round := range rounds {
		for i := range logs {
			name := n.Path("plain", fmt.Sprintf("app-%d.log", i))
			if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			writeFile(t, name, strings.Repeat(banner, 20)+fmt.Sprintf("line %d %d\n", round, i))
			ino := inodeOf(t, name)
			if inodes[ino] {
				reused++
			}
			inodes[ino] = true
			lines += 21
		}
		n.figure("all of the round is read", exactly(lines), "tailrace_receiver_accepted_log_records_total")
	}
	t.Logf("RESULT logs=%d rounds=%d inodes_reused=%d lines=%d", logs, rounds, reused, lines)
	if reused == 0 {
		t.Error("no inode was given again: the test proves nothing")
	}
	n.distinct(rounds * logs)
	n.Drained(n.sink, agent, lines)
	agent.Stop()
}

func inodeOf(t *testing.T, name string) uint64 {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.Sys().(*syscall.Stat_t).Ino
}

// distinct wants so many different lines that name themselves, each once.
func (n *node) distinct(want int) {
	n.TB.Helper()
	testkit.Eventually(n.TB, "every line is in the journal", func() (bool, string) {
		seen := map[string]bool{}
		for _, d := range n.documents() {
			if !strings.HasPrefix(d.text, "line ") {
				continue
			}
			if seen[d.text] {
				n.TB.Fatalf("twice: %q", d.text)
			}
			seen[d.text] = true
		}
		return len(seen) == want, fmt.Sprint(len(seen), " of ", want)
	})
}
