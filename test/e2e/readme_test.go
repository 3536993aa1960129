package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestMakeRunWorksInAFreshClone does what the README says first.
func TestMakeRunWorksInAFreshClone(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a clone of the repository; make test runs it")
	}
	t.Parallel()
	clone := filepath.Join(t.TempDir(), "tailrace")
	run(t, ".", "git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", testkit.Root(t), clone)
	out := run(t, clone, "make", "run", "ARGS=--for 4s --dir "+filepath.Join(t.TempDir(), "demo"))
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	checkLedger(t, lines[len(lines)-1])
	run(t, clone, "make", "--dry-run", "test")
}

// run runs a program to its end and returns what it wrote to standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	traceID      = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
)

// TestTourInTheReadmeWorks runs the tour's commands in order, in one folder.
// The trace id in the README is one of another day: it is replaced by one that
// the demo has just shown. Each command must succeed and, where the README
// shows output, print something.
func TestTourInTheReadmeWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the demo for seconds; make test runs it")
	}
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(testkit.Root(t), "README.md"))
	must(t, err)
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	must(t, os.Symlink(testkit.Agent(t), filepath.Join(dir, "bin", "tailrace")))
	trace, commands := "", 0
	for _, block := range consoleBlock.FindAllStringSubmatch(string(readme), -1) {
		for _, c := range commandsOf(block[1]) {
			commands++
			line := strings.ReplaceAll(c.line, "/tmp/tailrace-demo", filepath.Join(dir, "tailrace-demo"))
			if trace != "" {
				line = traceID.ReplaceAllString(line, trace)
			}
			// The demo's folder is in the folder for temporary files.
			out, status := shell(t, dir, line, "TMPDIR="+dir)
			if status != 0 || c.prints && strings.TrimSpace(out) == "" {
				t.Fatalf("$ %s\n%sstatus %d", line, out, status)
			}
			if trace == "" {
				trace = traceID.FindString(out)
			}
		}
	}
	if commands < 5 {
		t.Errorf("the tour has only %d commands", commands)
	}
}

// command is a line of a console block that begins with a prompt.
type command struct {
	line   string
	prints bool
}

func commandsOf(block string) []command {
	var found []command
	for line := range strings.Lines(block) {
		if text, ok := strings.CutPrefix(line, "$ "); ok {
			found = append(found, command{line: strings.TrimSpace(text)})
		} else if len(found) > 0 {
			found[len(found)-1].prints = true
		}
	}
	return found
}
