package testkit

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Root is the module's folder.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	tb.Fatal("not within the module")
	return ""
}

// Agent is the agent's binary, built as `make build` does, or with the race
// detector when the test has it. TAILRACE_BIN names another one.
func Agent(tb testing.TB) string {
	tb.Helper()
	if bin := os.Getenv("TAILRACE_BIN"); bin != "" {
		return bin
	}
	return build(tb, "./cmd/tailrace", raceEnabled)
}

// LeanAgent is Agent never with the race detector, which takes many times the
// memory: for tests that give the agent little.
func LeanAgent(tb testing.TB) string {
	tb.Helper()
	if bin := os.Getenv("TAILRACE_BIN"); bin != "" {
		return bin
	}
	return build(tb, "./cmd/tailrace", false)
}

// Plugin is the binary of kubectl tailrace.
func Plugin(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./cmd/kubectl-tailrace", raceEnabled)
}

// StampedAgent is LeanAgent with another version stamped into it, as a release
// has its own.
func StampedAgent(tb testing.TB, version string) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "tailrace")
	cgo, args := buildArgs(false)
	compile(tb, Root(tb), cgo, append(args, "-ldflags=-s -w -X main.version="+version, "-o"), bin, "./cmd/tailrace")
	return bin
}

// Oracle is the oracle's binary. It is never slowed by the race detector.
func Oracle(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./test/cmd/oracle", false)
}

// Killat is the binary that kills a program at an exact system call.
func Killat(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./test/cmd/killat", false)
}

// WallClock is the binary that runs a program with a system clock of its own.
func WallClock(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./test/cmd/wallclock", false)
}

// Naive is the binary of an agent that makes the usual mistakes.
func Naive(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./test/cmd/naive", false)
}

// ChangedAgent is Agent with other sources in place of some of the module's, by
// their paths within it, or beside them. The module's own files stay as they
// are.
func ChangedAgent(tb testing.TB, sources map[string]string) string {
	tb.Helper()
	dir, root := tb.TempDir(), Root(tb)
	replace := map[string]string{}
	for path, text := range sources {
		name := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		write(tb, name, []byte(text))
		replace[filepath.Join(root, path)] = name
	}
	// The format of -overlay is in `go help build`.
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		tb.Fatal(err)
	}
	write(tb, filepath.Join(dir, "overlay.json"), overlay)
	cgo, args := buildArgs(raceEnabled)
	bin := filepath.Join(dir, "tailrace")
	compile(tb, root, cgo, append(args, "-overlay", filepath.Join(dir, "overlay.json"), "-o"), bin, "./cmd/tailrace")
	return bin
}

func write(tb testing.TB, name string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		tb.Fatal(err)
	}
}

var builds struct {
	sync.Mutex
	done map[string]string
}

// build compiles a command once per test process into .cache/, where it stays
// for the next one.
func build(tb testing.TB, pkg string, race bool) string {
	tb.Helper()
	builds.Lock()
	defer builds.Unlock()
	built := fmt.Sprint(pkg, race)
	if bin := builds.done[built]; bin != "" {
		return bin
	}
	root := Root(tb)
	dir := filepath.Join(root, ".cache", "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	bin := filepath.Join(dir, filepath.Base(pkg))
	if race {
		bin += "-race"
	}
	cgo, args := buildArgs(race)
	compile(tb, root, cgo, append(args, "-o"), bin, pkg)
	if builds.done == nil {
		builds.done = map[string]string{}
	}
	builds.done[built] = bin
	return bin
}

// buildArgs are those of go for each of the binaries: with the race detector
// those of go test, whose compiled packages can then be used, and else those of
// make build.
func buildArgs(race bool) (cgo string, args []string) {
	args = []string{"build", "-buildvcs=false", "-ldflags=-s -w"}
	if race {
		return "CGO_ENABLED=1", append(args, "-race")
	}
	return "CGO_ENABLED=0", append(args, "-trimpath")
}

// compile builds beside bin and renames: another test may be running the old
// one. The test processes build one after the other, each from what the one
// before has left: the go command links only what has changed since.
func compile(tb testing.TB, root, cgo string, args []string, bin, pkg string) {
	tb.Helper()
	defer lock(tb, bin+".lock")()
	fresh := bin + ".new"
	if err := copyFile(bin, fresh); err != nil && !os.IsNotExist(err) {
		tb.Fatal(err)
	}
	cmd := exec.Command("go", append(args, fresh, pkg)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	if err := os.Rename(fresh, bin); err != nil {
		tb.Fatal(err)
	}
}

// lock waits until no other process has a file locked.
func lock(tb testing.TB, name string) (unlock func()) {
	tb.Helper()
	f, err := os.Create(name)
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return func() { f.Close() }
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}
