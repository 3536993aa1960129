package hazards

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
)

// secret is in a file outside of every root, which only root may read.
const secret = "2026-03-05T10:11:01Z stdout F root:$6$saltandhash:19000:0:99999:7:::\n"

// hostile is a pod that has whatever it wants in its log directory.
type hostile struct {
	node    *node
	outside string
	secret  string
	pods    int
}

// honest are the lines of logs that nobody tampered with.
func (h *hostile) honest() []document {
	return []document{{text: "before", stream: "stdout", pod: "good-0"}, {text: "after", stream: "stdout", pod: "good-0"}}
}

// pod makes the log directory of one more pod.
func (h *hostile) pod(name string) string {
	h.node.TB.Helper()
	h.pods++
	dir := h.node.Path("pods", fmt.Sprintf("evil_%s_00000000-0000-4000-8000-%012d", name, h.pods), "app")
	h.must(os.MkdirAll(dir, 0o755))
	return dir
}

func (h *hostile) must(err error) {
	h.node.TB.Helper()
	if err != nil {
		h.node.TB.Fatal(err)
	}
}

// TestHostileFilesLeakNothingAndStopNobody puts everything but a log in the
// place of logs, under every name that a file system takes, before the agent
// starts and while it reads. Another pod's lines arrive, nothing hangs, nothing
// from outside is in the journal, and no control byte reaches a terminal.
func TestHostileFilesLeakNothingAndStopNobody(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	h := &hostile{node: n, outside: t.TempDir()}
	h.secret = filepath.Join(h.outside, "shadow")
	h.must(os.WriteFile(h.secret, []byte(secret), 0o600))
	h.replaced(h.pod("early"))
	h.must(os.Symlink(h.outside, n.Path("pods", "evil_linked_00000000-0000-4000-8000-0000000000aa")))
	h.named()
	h.deep()
	good := n.Path("pods", "shop_good-0_00000000-0000-4000-8000-000000000001", "app")
	h.must(os.MkdirAll(good, 0o755))
	writeFile(t, filepath.Join(good, "0.log"), "2026-03-05T10:11:01Z stdout F before\n")
	n.override(fmt.Sprintf("receivers:\n  files/plain: {include: [%s, %s]}\n", n.Path("plain", "*.log*"), n.Path("plain", "*", "*", "*.log")))
	agent := n.start()
	n.arrived(1)
	h.swapped(agent)
	h.disappearing()
	writeFile(t, filepath.Join(good, "0.log"), "2026-03-05T10:11:02Z stdout F after\n")
	n.figure("refused files are counted", atLeast(5), "tailrace_receiver_files", `state="refused"`)
	h.check(agent)
}

// replaced are the things that can stand in the place of a log.
func (h *hostile) replaced(dir string) {
	in := func(restart int) string { return filepath.Join(dir, fmt.Sprintf("%d.log", restart)) }
	h.must(os.Symlink(h.secret, in(0)))
	h.must(unix.Mkfifo(in(1), 0o644))
	h.must(unix.Mknod(in(2), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5)))) // /dev/zero
	h.must(os.Mkdir(in(3), 0o755))
	if err := os.Link(h.secret, in(4)); err != nil {
		h.must(os.Symlink(h.secret, in(4)))
	}
	h.must(os.Symlink("/proc/self/environ", in(5)))
}

// named are files under names that are none of the kubelet's, and some that
// would do harm if they were printed or joined to a path.
func (h *hostile) named() {
	long := strings.Repeat("n", 251) + ".log"
	for _, name := range []string{
		"new\nline.log", "escape\x1b[2J\x1b]0;owned\a.log", "..\\..\\shadow.log", "...log", "bad\xff\xfeutf8.log", "\u202egol.log", long,
	} {
		h.must(os.WriteFile(h.node.Path("plain", name), []byte("honest line\n"), 0o644))
		h.must(os.MkdirAll(h.node.Path("pods", strings.TrimSuffix(name, ".log"), "app"), 0o755))
	}
}

// deep is a tree of a hundred directories, with a path of more than 4 KiB.
func (h *hostile) deep() {
	here, err := os.Open(h.pod("deep"))
	h.must(err)
	name := strings.Repeat("d", 60)
	for range 100 {
		h.must(unix.Mkdirat(int(here.Fd()), name, 0o755))
		fd, err := unix.Openat(int(here.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		h.must(err)
		h.must(here.Close())
		here = os.NewFile(uintptr(fd), name)
	}
	h.must(here.Close())
}

// swapped replaces a log while it is read.
func (h *hostile) swapped(agent *testkit.Process) {
	dir := h.pod("late")
	log := filepath.Join(dir, "0.log")
	writeFile(h.node.TB, log, "2026-03-05T10:11:01Z stdout F mine\n")
	h.node.opened(agent, log)
	h.must(os.Remove(log))
	h.must(os.Symlink(h.secret, log))
	h.replaced(h.pod("later"))
}

// disappearing pods are gone as soon as they are there.
func (h *hostile) disappearing() {
	for range 50 {
		dir := h.pod("gone")
		h.must(os.Symlink(h.secret, filepath.Join(dir, "0.log")))
		h.must(os.RemoveAll(filepath.Dir(dir)))
	}
}

// check waits for the honest lines, and looks at everything that the agent says
// and keeps.
func (h *hostile) check(agent *testkit.Process) {
	n := h.node
	n.TB.Helper()
	testkit.Eventually(n.TB, "honest lines are in the journal", func() (bool, string) {
		docs := n.documents()
		for _, want := range h.honest() {
			if !slices.Contains(docs, want) {
				return false, fmt.Sprint(docs)
			}
		}
		return true, ""
	})
	for _, d := range n.documents() {
		if strings.Contains(d.text, "root:") || strings.Contains(d.text, "=") {
			n.TB.Errorf("from outside of the roots: %q", d.text)
		}
	}
	log, err := os.ReadFile(agent.Stderr)
	h.must(err)
	h.printable("the log", string(log))
	for _, args := range [][]string{{"status"}, {"status", "-o", "json"}, {"grep", "line"}, {"logs", "evil"}, {"doctor"}} {
		for _, c := range n.configs {
			args = append(args, "--config", c)
		}
		out, _ := testkit.Output(n.TB, testkit.Agent(n.TB), args...)
		if slices.Contains(args, "json") {
			// What reorders text is data to the programs that read this.
			out = strings.ReplaceAll(out, "\u202e", "")
		}
		h.printable(args[0], out)
	}
	agent.Stop()
}

// printable fails for what a terminal would obey.
func (h *hostile) printable(what, text string) {
	h.node.TB.Helper()
	if text == "" && what != "logs" {
		h.node.TB.Errorf("%s says nothing", what)
	}
	for i, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u202e' {
			h.node.TB.Errorf("%s has %U: %q", what, r, text[max(0, i-60):min(len(text), i+20)])
			return
		}
	}
}
