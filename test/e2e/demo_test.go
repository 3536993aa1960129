package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

var ledgerLine = regexp.MustCompile(`^ledger: read=(\d+) delivered=(\d+) pending=(\d+) dead=(\d+) dropped=(\d+) lost=(\d+)$`)

// TestDemoEndsWithALedgerThatAddsUp runs the demo in a pipe, and then the
// commands that it says to try.
func TestDemoEndsWithALedgerThatAddsUp(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the demo for seconds; make test runs it")
	}
	t.Parallel()
	r := testkit.NewRig(t)
	demo := r.Start("demo", testkit.Agent(t), "demo", "--for", "8s", "--dir", r.Path("demo"))
	if code := demo.Wait(); code != 0 {
		t.Fatalf("the demo ended with status %d\n%s", code, demo.Tail())
	}
	lines := linesOf(t, demo.Stdout)
	checkLedger(t, lines[len(lines)-1])
	for _, line := range lines {
		if strings.Contains(line, "\x1b") {
			t.Fatalf("a line in a pipe is coloured: %q", line)
		}
	}
	for _, command := range suggestions(t, lines) {
		if out, status := shell(t, r.Dir, command); status > 1 || status == 1 && !strings.Contains(command, " grep ") {
			t.Errorf("the suggested command failed: %s: status %d\n%s", command, status, out)
		}
	}
}

func checkLedger(t *testing.T, line string) {
	t.Helper()
	m := ledgerLine.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the last line is no ledger: %q", line)
	}
	var n [7]int
	for i := 1; i < 7; i++ {
		fmt.Sscan(m[i], &n[i])
	}
	read, delivered, pending, dead, dropped, lost := n[1], n[2], n[3], n[4], n[5], n[6]
	if read == 0 || read != delivered+pending+dead+dropped+lost {
		t.Errorf("the ledger does not add up: %s", line)
	}
	if pending != 0 || dead != 0 || lost != 0 {
		t.Errorf("the demo must end with everything delivered: %s", line)
	}
}

var suggestion = regexp.MustCompile(`^\S*tailrace\S* (grep|trace) `)

// suggestions are the commands among the last lines: one that greps and one
// that follows a trace.
func suggestions(t *testing.T, lines []string) []string {
	t.Helper()
	var found []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if suggestion.MatchString(line) {
			found = append(found, line)
		}
	}
	all := strings.Join(found, "\n")
	if !strings.Contains(all, " grep ") || !strings.Contains(all, " trace ") || !strings.Contains(all, "--journal") {
		t.Fatalf("the demo does not say what to try next:\n%s", strings.Join(lines[max(0, len(lines)-12):], "\n"))
	}
	return found
}

// shell runs a command line with the agent's binary as tailrace. As with grep,
// status 1 means that nothing matched.
func shell(t *testing.T, dir, command string, env ...string) (out string, status int) {
	t.Helper()
	bin := t.TempDir()
	must(t, os.Symlink(testkit.Agent(t), filepath.Join(bin, "tailrace")))
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), env...)
	b, _ := cmd.CombinedOutput()
	return string(b), cmd.ProcessState.ExitCode()
}

func linesOf(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n")
}
