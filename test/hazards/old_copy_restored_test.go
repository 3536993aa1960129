package hazards

import (
	"testing"

	"github.com/tailrace/tailrace/test/oracle"
)

// TestAnOldCopyOfTheStateIsNoticedAndRepeatsOnlyKnownIDs restores a copy of the
// state directory when the agent has long gone on from it. The agent notices.
// What it has delivered since it reads and delivers again, under the ids that
// the sink knows and marked as maybe delivered before, so that exporters look
// for them in older indices; numbers of frames are not given again. Then it goes
// on as if nothing had been.
func TestAnOldCopyOfTheStateIsNoticedAndRepeatsOnlyKnownIDs(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(51), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "1048576")
	first := n.start()
	n.arrived(300)
	first.Stop()
	n.shell("cp -a state backup")
	copied := n.frames()

	second := n.start()
	n.arrived(n.sink.Stats().Stored + 300)
	second.Kill()
	gone := n.frames()
	n.shell("rm -r state && mv backup state")

	third := n.start()
	n.saying(third, "the state directory is a copy")
	before, err := oracle.WrittenSoFar(n.Path("ledger"))
	if err != nil {
		t.Fatal(err)
	}
	n.arrived(before)
	n.figure("the copy is counted", exactly(1), "tailrace_state_copies_total")
	n.says(t, `"copies": 1`)
	n.checkRepeated(t, copied[len(copied)-1].Seq, gone[len(gone)-1].Seq)
	v := n.settle(generator, third)
	if v.Repeats == 0 {
		t.Error("nothing was delivered again: the copy was not old")
	}
	t.Logf("RESULT records=%d repeats=%d violations=%d", v.Records, v.Repeats, len(v.Violations))
}

// checkRepeated looks at the frames behind the copy, whose last one has the
// number copied: the first of them have what was delivered before, and none has
// a number up to gone, which the directory that is gone has given.
func (n *node) checkRepeated(t *testing.T, copied, gone uint64) {
	t.Helper()
	if gone <= copied {
		t.Fatalf("frame %d was the last one of the copy, and %d that of the original", copied, gone)
	}
	again := 0
	for _, f := range n.frames() {
		switch {
		case f.Seq <= copied:
		case f.Seq <= gone:
			t.Errorf("number %d was given again", f.Seq)
		case again == 0 && !f.MaybeSeen:
			t.Errorf("frame %d has what was delivered before and is not marked", f.Seq)
		default:
			again++
		}
	}
	if again == 0 {
		t.Error("nothing was read again")
	}
}
