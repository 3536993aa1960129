package hazards

import (
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// frameMeta is what the tests look at of a frame's metadata.
type frameMeta struct {
	Seq       uint64 `json:"seq"`
	MaybeSeen bool   `json:"maybe_seen"`
	Sources   []struct {
		ID, Identity string
		Offset       int64
	} `json:"sources"`
}

// frames are those in the journal.
func (n *node) frames() (all []frameMeta) {
	n.TB.Helper()
	out, code := testkit.Output(n.TB, testkit.Agent(n.TB), "journal", "cat", "--meta", "--journal", n.Path("state"))
	if code != 0 {
		n.TB.Fatalf("journal cat ended with %d\n%s", code, out)
	}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var m frameMeta
		switch err := d.Decode(&m); err {
		case nil:
			all = append(all, m)
		case io.EOF:
			return all
		default:
			n.TB.Fatal(err)
		}
	}
}

// shell runs a command in the rig's folder.
func (n *node) shell(command string) {
	n.TB.Helper()
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir = n.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		n.TB.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// says fails the test unless the status says text, with and without the agent.
func (n *node) says(t *testing.T, text string) {
	t.Helper()
	for _, args := range [][]string{nil, {"--offline"}} {
		if got := n.status(args...); !strings.Contains(got, text) {
			t.Errorf("status %v says nothing of %s:\n%.1000s", args, text, got)
		}
	}
}
