package hazards

import (
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestFullDiskPausesReadingAndLosesNothing fills the journal's file system with
// another file under load, and takes that away again. Meanwhile the agent is
// up, says what is wrong and what cures it, and the logs wait; after it, it goes
// on by itself.
func TestFullDiskPausesReadingAndLosesNothing(t *testing.T) {
	t.Parallel()
	testkit.PrivateMounts(t)
	n := newNode(t, "ok")
	testkit.Tmpfs(t, n.Path("state"), "size=64m")
	n.override("service: {journal: {max_size: 1GiB, dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}}\n")
	agent := n.start()
	generator := n.Generate("-seed", seed(33), "-containers", "3", "-plains", "1", "-rate", "400")
	n.arrived(100)

	testkit.Fill(t, n.Path("state", "filler"), 0)
	n.saying(agent, "no space left on device")
	n.saying(agent, "free space on the file system")
	// What the agent gives up may make room for one more write.
	testkit.Eventually(t, "status says what is wrong", func() (bool, string) {
		s := n.status()
		return strings.Contains(s, "no space left on device") && strings.Contains(s, "free space on the file system"), s
	})
	if code, text := n.health(); code != 200 {
		t.Errorf("health answers %d %s: a full disk is no reason to restart the agent", code, text)
	}
	if err := os.Remove(n.Path("state", "filler")); err != nil {
		t.Fatal(err)
	}
	n.saying(agent, "the journal writes again")
	n.settle(generator, agent)
}
