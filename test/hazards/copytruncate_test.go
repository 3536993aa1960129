package hazards

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
)

// copyAndTruncate rotates as logrotate's copytruncate does: numbered copies
// are renamed, the log is copied and emptied in place.
func (n *node) copyAndTruncate(log string, keep int) {
	n.TB.Helper()
	for i := keep; i > 1; i-- {
		if err := os.Rename(fmt.Sprint(log, ".", i-1), fmt.Sprint(log, ".", i)); err != nil && !os.IsNotExist(err) {
			n.TB.Fatal(err)
		}
	}
	if err := copyFile(log, log+".1"); err != nil {
		n.TB.Fatal(err)
	}
	if err := os.Truncate(log, 0); err != nil {
		n.TB.Fatal(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// A log that is rotated by copying and truncating it gives each line once: the
// copies are not read as new files, and what had not been read when the log
// was truncated is read from its copy. Only what is written between the copy
// and the truncation is lost.
func TestCopyTruncate(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	log := n.Path("plain", "app.log")
	var want []document
	write := func(lines int) {
		text := ""
		for range lines {
			// All logs begin alike, as those of a server with a banner do.
			if len(want)%500 == 0 {
				want = append(want, document{text: "server started"})
			} else {
				want = append(want, document{text: fmt.Sprint("line ", len(want))})
			}
			text += want[len(want)-1].text + "\n"
		}
		writeFile(t, log, text)
	}
	write(400)
	agent := n.start()
	n.compare(agent, want)

	// With the agent reading along.
	write(100)
	n.compare(agent, want)
	n.copyAndTruncate(log, 5)
	write(100)
	n.compare(agent, want)

	// While it does not get to read at all.
	signal(t, agent.Signal, syscall.SIGSTOP)
	write(400)
	n.copyAndTruncate(log, 5)
	write(100)
	signal(t, agent.Signal, syscall.SIGCONT)
	n.compare(agent, want)
	if said := n.said(agent, "a log file was truncated"); said != 2 {
		t.Errorf("the agent noticed %d truncations of 2", said)
	}

	// While it is down.
	write(100)
	agent.Kill()
	write(300)
	n.copyAndTruncate(log, 5)
	write(100)
	agent = n.start()
	n.compare(agent, want)
	agent.Stop()
}

func signal(t *testing.T, send func(os.Signal) error, s os.Signal) {
	t.Helper()
	if err := send(s); err != nil {
		t.Fatal(err)
	}
}
