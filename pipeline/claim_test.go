package pipeline

import (
	"os"
	"path/filepath"
	"testing"
)

// A file that is read on under another name of the node has this node's id from
// there on, unless some of it may be read again: that must have the ids that it
// was delivered under.
func TestIDsAreTheOldOnesWhilePositionsMayBeBehind(t *testing.T) {
	for name, c := range map[string]struct {
		journal string
		copied  bool
		kept    bool
	}{
		"on disk":           {"{type: disk}", false, false},
		"on disk, copied":   {"{type: disk}", true, true},
		"in memory":         {"{type: memory}", false, true},
		"in memory, copied": {"{type: memory}", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.journal = c.journal
			before := n.idAfter("one", 1)
			if c.copied {
				n.copyOver()
			}
			n.name = "other"
			if after := n.idAfter("two", 2); (after == before) != c.kept {
				t.Errorf("the id was %s and is %s", before, after)
			}
			n.once("one", "two")
		})
	}
}

// idAfter runs an agent over one more line, and returns the id of its file.
func (n *node) idAfter(line string, lines uint64) string {
	n.t.Helper()
	n.write(line)
	a, stop := n.start(toConsole)
	defer stop()
	n.until("the line", func() bool { return a.Snapshot().Lines == lines })
	return a.Report().Files[0].ID
}

// copyOver puts a copy in place of the state directory.
func (n *node) copyOver() {
	n.t.Helper()
	state := filepath.Join(n.dir, "state")
	if err := os.Rename(state, state+"-old"); err != nil {
		n.t.Fatal(err)
	}
	if err := os.CopyFS(state, os.DirFS(state+"-old")); err != nil {
		n.t.Fatal(err)
	}
}
