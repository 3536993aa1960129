package hazards

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// maxLine is where lines are cut.
const maxLine = 1 << 20

// A line of a gigabyte is cut and marked, the rest of it is passed over in
// bounded memory, and the lines of other files do not wait for its end.
func TestGigabyteLineIsCutAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	n := newLinesNode(t)
	huge, quiet := n.Path("plain", "huge.log"), n.Path("plain", "quiet.log")
	writeFile(t, huge, "before\n")
	if err := os.Truncate(huge, size); err != nil {
		t.Fatal(err)
	}
	writeFile(t, huge, "the end of the long line\nafter\n")
	want := []document{{text: "before"}, {text: strings.Repeat("\x00", maxLine), marks: "truncated"}, {text: "after"}}
	for i := range 100 {
		line := fmt.Sprint("quiet ", i)
		writeFile(t, quiet, line+"\n")
		want = append(want, document{text: line})
	}
	agent := n.start()
	n.compare(agent, want)
	docs := n.documents()
	if last := docs[len(docs)-1]; last.text != "after" {
		t.Errorf("%s comes behind the end of the long line", last)
	}
	n.figure("all of the long line was read", atLeast(size), "tailrace_receiver_accepted_bytes_total")
	if peak := agent.PeakMemory(); peak > size/2 {
		t.Errorf("the agent took %d MiB of memory for a line of %d MiB", peak>>20, size>>20)
	}
	agent.Stop()
}

// A line of ten megabytes, as one line of the runtime's and in pieces on both
// streams at once, keeps its head; what of it is left out is counted.
func TestTenMegabyteLinesAreCutMarkedAndCounted(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	n := newLinesNode(t)
	whole, pieces, docker := n.podLog("whole"), n.podLog("pieces"), dockerLog(t, n.Path("docker", "aaa"))
	head := "2026-03-05T10:11:12Z stdout "
	writeFile(t, whole, head+"F "+strings.Repeat("w", size)+"\n"+head+"F next\n")
	const piece = 16 << 10
	var both, dockers strings.Builder
	for i := range size / piece {
		tag, end := "P", ""
		if i == size/piece-1 {
			tag, end = "F", "\n"
		}
		for _, stream := range []string{"stdout", "stderr"} {
			fmt.Fprintf(&both, "2026-03-05T10:11:12Z %s %s %s\n", stream, tag, strings.Repeat(stream[3:4], piece))
		}
		dockers.WriteString(dockerPiece(t, strings.Repeat("d", piece)+end, "stdout"))
	}
	writeFile(t, pieces, both.String()+head+"F next\n")
	writeFile(t, docker, dockers.String()+dockerPiece(t, "next\n", "stdout"))

	next := document{text: "next", stream: "stdout"}
	want := []document{next, next, next}
	for _, c := range []struct{ fill, stream, head string }{
		{"w", "stdout", head + "F "}, {"o", "stdout", head + "P "}, {"e", "stderr", head + "P "},
		{"d", "stdout", `{"log":"","stream":"stdout","time":"2026-03-05T10:11:12.5Z"}`},
	} {
		text := strings.Repeat(c.fill, maxLine-len(c.head))
		want = append(want, document{text: text, stream: c.stream, marks: "truncated"})
	}
	agent := n.start()
	n.compare(agent, want)
	lines := 2 + 2*size/piece + 1 + size/piece + 1
	// With what stands before the first one, as many pieces pass the limit.
	left := 3 * (size - maxLine) / piece
	n.figure("every line was read", exactly(lines), "tailrace_receiver_accepted_log_records_total")
	n.figure("the pieces that no document has are counted", exactly(left), "tailrace_receiver_left_out_log_records_total")
	agent.Stop()
}

// A file that never has a newline gives one record, however much is written to
// it and however often the agent starts anew.
func TestLineThatNeverEndsIsOneRecord(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	log := n.Path("plain", "endless.log")
	writeFile(t, log, "first\n")
	want := []document{{text: "first"}, {text: strings.Repeat("x", maxLine), marks: "truncated"}}
	size := len("first\n")
	for range 3 {
		writeFile(t, log, strings.Repeat("x", 2*maxLine))
		size += 2 * maxLine
		agent := n.start()
		n.compare(agent, want)
		n.figure("the file is read to its end", exactly(size), "tailrace_receiver_accepted_bytes_total")
		agent.Kill()
	}
	writeFile(t, log, " the end\nnext\n")
	agent := n.start()
	n.compare(agent, append(want, document{text: "next"}))
	agent.Stop()
}
