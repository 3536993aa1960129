package hazards

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// memoryGroup is a control group that limits memory, of version 1 or 2.
type memoryGroup struct {
	tb  testing.TB
	dir string
	// limit is the file of the limit, events the one that counts OOM kills, and
	// swap the one that keeps memory from going to disk instead.
	limit, events, swap string
}

// newMemoryGroup makes a group, and skips a test that may not.
func newMemoryGroup(tb testing.TB) *memoryGroup {
	tb.Helper()
	name := fmt.Sprintf("%s-%d", tb.Name(), os.Getpid())
	var problems error
	for _, g := range []*memoryGroup{
		{tb, filepath.Join("/sys/fs/cgroup/memory", name), "memory.limit_in_bytes", "memory.oom_control", "memory.memsw.limit_in_bytes"},
		{tb, filepath.Join("/sys/fs/cgroup", name), "memory.max", "memory.events", "memory.swap.max"},
	} {
		err := g.make()
		if err == nil {
			tb.Cleanup(g.remove)
			return g
		}
		problems = errors.Join(problems, err)
	}
	tb.Skipf("a memory limit needs root and a control group that can be written: %v", problems)
	return nil
}

// make fails where there is no controller for memory: a directory there gets no
// files, or is an ordinary one.
func (g *memoryGroup) make() error {
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(g.dir, g.limit))
	if err == nil {
		err = os.WriteFile(filepath.Join(g.dir, g.limit), []byte("1073741824"), 0)
	}
	if err != nil {
		return errors.Join(err, os.Remove(g.dir))
	}
	return nil
}

// remove ends the group; its processes have ended before.
func (g *memoryGroup) remove() {
	if err := os.Remove(g.dir); err != nil {
		g.tb.Error(err)
	}
}

// allow sets the limit, in MiB, and leaves no swap beside it.
func (g *memoryGroup) allow(mib int) {
	g.tb.Helper()
	limit := strconv.Itoa(mib << 20)
	anySwap, noSwap := "max", "0"
	if g.swap == "memory.memsw.limit_in_bytes" {
		// Of memory and swap together, which must not be less than of memory.
		anySwap, noSwap = "-1", limit
	}
	g.set(g.swap, anySwap)
	g.set(g.limit, limit)
	g.set(g.swap, noSwap)
}

// set writes a setting. A kernel without swap accounting has none for swap.
func (g *memoryGroup) set(file, value string) {
	g.tb.Helper()
	err := os.WriteFile(filepath.Join(g.dir, file), []byte(value), 0)
	if err != nil && (file != g.swap || !errors.Is(err, fs.ErrPermission)) {
		g.tb.Fatal(err)
	}
}

// oomKills is how many processes of the group the kernel has killed.
func (g *memoryGroup) oomKills() int { return g.number(g.events, "oom_kill ") }

// number is what stands behind a word in a file, on a line of its own.
func (g *memoryGroup) number(file, word string) int {
	g.tb.Helper()
	b, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		g.tb.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, word); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				g.tb.Fatal(err)
			}
			return n
		}
	}
	g.tb.Fatalf("%s has no %q:\n%s", file, word, b)
	return 0
}

// wrapper runs a program in the group. The kernel kills the agent before
// anybody else in it.
func (g *memoryGroup) wrapper() []string {
	return []string{"/bin/sh", "-ec", `echo $$ > "$0"/cgroup.procs; echo 1000 > /proc/self/oom_score_adj; exec "$@"`, g.dir}
}
