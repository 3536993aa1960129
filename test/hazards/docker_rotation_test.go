package hazards

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// dockerNode is a node on which Docker runs the containers: the kubelet's logs
// are links into Docker's directory.
type dockerNode struct {
	*node
	log string
}

func newDockerNode(t *testing.T) *dockerNode {
	n := newNode(t, "ok")
	n.override(fmt.Sprintf("receivers: {pods: {allowed_roots: [%s]}}\n", n.Path("containers")))
	d := &dockerNode{node: n, log: dockerLog(t, n.Path("containers", "aaa"))}
	writeFile(t, d.log, "")
	if err := os.Symlink(d.log, n.podLog("linked")); err != nil {
		t.Fatal(err)
	}
	return d
}

// rotate does what Docker does at max-size, with max-file files (moby,
// daemon/logger/loggerutils, rotate).
func (d *dockerNode) rotate() {
	d.TB.Helper()
	for i := 9; i > 1; i-- {
		if err := os.Rename(fmt.Sprint(d.log, ".", i-1), fmt.Sprint(d.log, ".", i)); err != nil && !os.IsNotExist(err) {
			d.TB.Fatal(err)
		}
	}
	if err := os.Rename(d.log, d.log+".1"); err != nil {
		d.TB.Fatal(err)
	}
	writeFile(d.TB, d.log, "")
}

// Docker rotates the file that the kubelet's link leads to, in the middle of
// lines, while the agent reads and while it is down after kill -9: each line is
// there once, with all its pieces.
func TestDockerRotatesBehindTheKubeletsLink(t *testing.T) {
	t.Parallel()
	d := newDockerNode(t)
	var want []document
	pieces := 0
	write := func(lines int) {
		for range lines {
			text := fmt.Sprintf("line %d %s\t<end>", len(want), strings.Repeat("é", 100))
			half := len("line ")
			writeFile(t, d.log, dockerPiece(t, text[:half], "stdout"))
			if pieces++; pieces%40 == 0 {
				d.rotate()
			}
			writeFile(t, d.log, dockerPiece(t, text[half:]+"\n", "stdout"))
			want = append(want, document{text: text, stream: "stdout"})
		}
	}
	agent := d.start()
	for range 3 {
		write(60)
		d.compare(agent, want)
		write(30)
		agent.Kill()
		write(60)
		agent = d.start()
		d.compare(agent, want)
	}
	if _, err := os.Stat(d.log + ".9"); err != nil {
		t.Errorf("too few rotations: %v", err)
	}
	agent.Stop()
}
