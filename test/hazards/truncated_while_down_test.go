package hazards

import (
	"fmt"
	"os"
	"testing"
)

// Logs that are emptied while the agent is down and grow beyond the old
// position, which is in the middle of a line then, are read from their new
// beginning: no line is lost and none is half.
func TestTruncatedAndRegrownWhileDown(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	logs := map[string]func(text string) (string, document){
		n.Path("plain", "app.log"): func(text string) (string, document) { return text + "\n", document{text: text} },
		n.podLog("app"): func(text string) (string, document) {
			return "2026-03-05T10:11:12Z stdout F " + text + "\n", document{text: text, stream: "stdout"}
		},
		dockerLog(t, n.Path("docker", "aaa")): func(text string) (string, document) {
			return dockerPiece(t, text+"\n", "stdout"), document{text: text, stream: "stdout"}
		},
	}
	var want []document
	write := func(life string, lines int) {
		for log, wrap := range logs {
			for i := range lines {
				line, doc := wrap(fmt.Sprintf("%s %d of %s", life, i, log))
				writeFile(t, log, line)
				want = append(want, doc)
			}
		}
	}
	write("first", 100)
	agent := n.start()
	n.compare(agent, want)
	for life := range 3 {
		agent.Kill()
		sizes := map[string]int64{}
		for log := range logs {
			sizes[log] = sizeOf(t, log)
			if err := os.Truncate(log, 0); err != nil {
				t.Fatal(err)
			}
		}
		write(fmt.Sprint("life number ", life), 110+10*life)
		for log, before := range sizes {
			if now := sizeOf(t, log); now <= before {
				t.Fatalf("%s has %d bytes and had %d: the fault did not fire", log, now, before)
			}
		}
		agent = n.start()
		n.compare(agent, want)
	}
	agent.Stop()
}

func sizeOf(t *testing.T, name string) int64 {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}
