package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestLogsThatBeginAlikeAreKnownAgainByOneLookEach restarts over a directory of
// logs with the same first line, of which one by one each could be any other:
// it is the one that was in its inode.
func TestLogsThatBeginAlikeAreKnownAgainByOneLookEach(t *testing.T) {
	const n = 400
	w := newWorld(t)
	w.decoder = Plain
	for i := range n {
		w.write(fmt.Sprintf("a%d.log", i), fmt.Sprintf("the same first line\nline of %d\n", i))
	}
	w.look()
	w.read()
	w.seal(DefaultClass)
	w.crash()
	before := reads(t)
	w.look()
	if again := w.read(); again != "" {
		t.Errorf("lines are read again: %s", again)
	}
	// The identity, the position and the size of each, and some to spare; comparing
	// each with each would be half a read for every pair.
	if each := (reads(t) - before) / n; each > 20 {
		t.Errorf("%d reads for each of %d logs", each, n)
	}
}

// reads is how many times the process has read from files (proc(5), io).
func reads(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip("the kernel does not count reads:", err)
	}
	n := 0
	_, count, _ := strings.Cut(string(text), "syscr: ")
	if _, err := fmt.Sscan(count, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
