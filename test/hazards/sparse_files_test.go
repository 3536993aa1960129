package hazards

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
)

// A writer that does not append goes on at its old place after its log was
// truncated. The hole before its next line is no part of that line, while the
// agent is there and after a restart.
func TestHoleBeforeTheFirstLineIsNoContent(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	var want []document
	var logs []*os.File
	for _, log := range []string{n.Path("plain", "app.log"), n.podLog("app")} {
		f, err := os.Create(log)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		logs = append(logs, f)
	}
	write := func(text string) {
		for i, f := range logs {
			doc, head := document{text: text}, ""
			if i == 1 {
				doc.stream, head = "stdout", "2026-03-05T10:11:12Z stdout F "
			}
			for range 3 {
				if _, err := fmt.Fprint(f, head, doc.text, "\n"); err != nil {
					t.Fatal(err)
				}
				want = append(want, doc)
				doc.text += "+"
			}
		}
	}
	truncate := func() {
		for _, f := range logs {
			if err := f.Truncate(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(strings.Repeat("x", 100_000))
	agent := n.start()
	n.compare(agent, want)
	truncate()
	write("behind the hole")
	for _, f := range logs {
		if hole := holeOf(t, f); hole < 64<<10 {
			t.Fatalf("%s has a hole of %d bytes: the fault did not fire", f.Name(), hole)
		}
	}
	n.compare(agent, want)
	agent.Kill()
	write("after the restart")
	agent = n.start()
	n.compare(agent, want)
	agent.Kill()
	truncate()
	write("truncated while it was down")
	agent = n.start()
	n.compare(agent, want)
	agent.Stop()
}

// holeOf is how much of the beginning of a file was never written.
func holeOf(t *testing.T, f *os.File) int64 {
	t.Helper()
	other, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	data, err := other.Seek(0, unix.SEEK_DATA)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A writer that maps its log into memory makes room first and fills it line by
// line, without a change of the file's size: each line is read once it has its
// end, and the room that is given back was no content.
func TestMappedLogIsReadAsItIsFilled(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	const room = 2 << 20
	f, err := os.Create(n.Path("plain", "mapped.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(room); err != nil {
		t.Fatal(err)
	}
	memory, err := unix.Mmap(int(f.Fd()), 0, room, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	var want []document
	used := 0
	write := func(text string) {
		used += copy(memory[used:], text+"\n")
		want = append(want, document{text: text})
	}
	agent := n.start()
	for i := range 2 {
		write(fmt.Sprint("line ", i))
		n.compare(agent, want)
		write(fmt.Sprint(i, " and ", strings.Repeat("z", 5000)))
		// Half a line waits for its other half.
		half := used + copy(memory[used:], fmt.Sprint("half ", i))
		n.compare(agent, want)
		copy(memory[half:], " and half\n")
		used = half + len(" and half\n")
		want = append(want, document{text: fmt.Sprint("half ", i, " and half")})
	}
	n.compare(agent, want)
	if err := unix.Munmap(memory); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(used)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, f.Name(), "closed\n")
	n.compare(agent, append(want, document{text: "closed"}))
	n.figure("nothing is lost", exactly(0), "tailrace_receiver_lost_bytes_total")
	agent.Stop()
}

// Of a log that is cut off while the agent does not get to read it, the lines
// that are left are read, and the bytes that went are counted.
func TestLogThatShrinksIsReadOnAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	log := n.Path("plain", "app.log")
	writeFile(t, log, "one\ntwo\n")
	want := []document{{text: "one"}, {text: "two"}}
	agent := n.start()
	n.compare(agent, want)
	// An open line keeps the reader at its beginning, and the size known.
	writeFile(t, log, "three\nfour and five")
	want = append(want, document{text: "three"})
	n.compare(agent, want)
	n.sizeSeen(agent, log)
	if err := os.Truncate(log, sizeOf(t, log)-int64(len(" and five"))); err != nil {
		t.Fatal(err)
	}
	n.sizeSeen(agent, log)
	writeFile(t, log, "\nsix\n")
	n.compare(agent, append(want, document{text: "four"}, document{text: "six"}))
	n.figure("what was cut off is counted", exactly(len(" and five")), "tailrace_receiver_lost_bytes_total")
	agent.Stop()
}

// sizeSeen waits until the running agent knows how large a file is.
func (n *node) sizeSeen(agent *testkit.Process, name string) {
	n.TB.Helper()
	st, err := os.Stat(name)
	if err != nil {
		n.TB.Fatal(err)
	}
	testkit.Eventually(n.TB, "the agent has measured the file", func() (bool, string) {
		status := n.status()
		return strings.Contains(status, fmt.Sprintf(`"size": %d`, st.Size())), status
	})
}
