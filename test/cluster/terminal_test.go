package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
)

// screen is what a terminal has been told to show.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), text)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%q", s.text.String())
}

// terminal makes a pseudo-terminal of 120 columns (pts(4), ioctl_tty(2)).
func terminal(t *testing.T) (*os.File, *screen) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120})
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{}
	go func() {
		buf := make([]byte, 4<<10)
		for {
			n, err := master.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { slave.Close(); master.Close() })
	return slave, s
}

// suitsTerminals is about what people see: colours and progress, and nothing
// that a log could have a terminal do.
func suitsTerminals(t *testing.T, f *fleet) {
	f.add("quick", documents(entry{pod: "web-0", text: "clear \x1b[2J screen"}))
	slow := f.add("slow.example.com", documents(entry{after: 1, pod: "web-1", text: "clear too"}))
	lock := func(i int) interface{ Close() error } {
		l, err := vfs.OS{}.Lock(filepath.Join(slow.root, fmt.Sprintf("search-%d.lock", i)))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first, second := lock(1), lock(2)
	defer second.Close()
	tty, shown := terminal(t)
	cmd := exec.Command(f.plugin, f.line("grep", "clear", "--since", "all")...)
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it tells who is waited for", func() (bool, string) {
		return shown.has("1 of 2 nodes done · slow waits for other searches"), shown.String()
	})
	if shown.has("clear") {
		t.Errorf("a line is shown before its turn: %s", shown)
	}
	first.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, shown)
	}
	testkit.Eventually(t, "the last line is shown", func() (bool, string) { return shown.has("too"), shown.String() })
	for _, want := range []string{"\r\x1b[K\x1b[", "mquick\x1b[0m", "mslow\x1b[0m", `\x1b[2J screen`} {
		if !shown.has(want) {
			t.Errorf("%q is not shown: %s", want, shown)
		}
	}
	if shown.has("\x1b[2J") {
		t.Errorf("a log clears the screen: %s", shown)
	}
}
