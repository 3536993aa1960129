package hazards

import (
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
	"github.com/tailrace/tailrace/test/oracle"
)

// smallStores is for disks that a test pays for.
const smallStores = "service: {journal: {max_size: 1GiB, dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}}\n"

// TestAgentStartedOnAReadOnlyDiskWaitsUntilItIsWritable starts the agent on a
// file system that the kernel has mounted read-only, first without a state and
// then over one. It stays up, says in its log, to probes and to status what is
// wrong and what cures it, ends when it is asked to, and goes on by itself when
// the file system is writable.
func TestAgentStartedOnAReadOnlyDiskWaitsUntilItIsWritable(t *testing.T) {
	t.Parallel()
	testkit.PrivateMounts(t)
	n := newNode(t, "ok")
	testkit.Tmpfs(t, n.Path("state"), "size=256m")
	n.override(smallStores)
	generator := n.Generate("-seed", seed(384), "-containers", "3", "-plains", "1", "-rate", "400")
	for life := range 2 {
		n.remount(unix.MS_RDONLY)
		agent := n.start()
		n.waitsForItsDisk(t, agent, "read-only file system", "remount it read-write")
		agent.Stop()
		agent = n.start()
		n.waitsForItsDisk(t, agent, "read-only file system", "remount it read-write")
		n.remount(0)
		n.saying(agent, "tailrace runs")
		n.arrived(n.sink.Stats().Stored + 100)
		n.ready(t)
		if life == 0 {
			agent.Stop()
			continue
		}
		n.settle(generator, agent)
	}
}

// remount changes the flags of the file system that the state is on.
func (n *node) remount(flags uintptr) {
	n.TB.Helper()
	if err := unix.Mount("", n.Path("state"), "", unix.MS_REMOUNT|flags, ""); err != nil {
		n.TB.Fatal(err)
	}
}

// waitsForItsDisk waits until an agent has said that it cannot open its state,
// and asks it in all ways.
func (n *node) waitsForItsDisk(t *testing.T, agent *testkit.Process, trouble, cure string) {
	t.Helper()
	n.saying(agent, "the agent's state cannot be opened")
	n.saying(agent, trouble)
	n.saying(agent, cure)
	testkit.Eventually(t, "a disk is no reason to restart the agent", func() (bool, string) {
		text, code := testkit.Output(t, testkit.Agent(t), "health", "--address", n.Metrics)
		return code == 0 && strings.Contains(text, trouble) && strings.Contains(text, cure), text
	})
	if _, code := testkit.Output(t, testkit.Agent(t), "health", "--ready", "--address", n.Metrics); code == 0 {
		t.Error("it says that it is ready, and reads nothing")
	}
	if s := n.status(); !strings.Contains(s, trouble) || !strings.Contains(s, cure) {
		t.Errorf("status does not say what is wrong and what cures it:\n%s", s)
	}
}

// ready waits until the agent says that it reads, and that nothing is wrong.
func (n *node) ready(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "it is well", func() (bool, string) {
		code, text := n.health()
		return code == 200 && text == "alive\n", text
	})
	testkit.Eventually(t, "it is ready", func() (bool, string) {
		out, code := testkit.Output(t, testkit.Agent(t), "health", "--ready", "--address", n.Metrics)
		return code == 0, out
	})
}

// TestAgentStartedOnAFailingDiskWaitsUntilItIsWell lets the disk refuse calls
// of a start: all that need space in an empty directory, then, over a state, the
// opening of the lock, all reading and all writing. Each start goes on by itself
// when the fault is over.
func TestAgentStartedOnAFailingDiskWaitsUntilItIsWell(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	generator := d.Generate("-seed", seed(385), "-containers", "3", "-plains", "1", "-rate", "400")
	for i, c := range []struct {
		fault         errfs.Fault
		trouble, cure string
	}{
		{errfs.Full(), "no space left on device", "free space on the file system"},
		{errfs.Fault{Calls: []errfs.Call{errfs.OpenWrite}, Name: "lock", Err: syscall.EIO}, "input/output error", "look for errors of this disk"},
		{errfs.Fault{Calls: []errfs.Call{errfs.OpenRead, errfs.Read, errfs.List}, Err: syscall.EIO}, "input/output error", "look for errors of this disk"},
		{errfs.Fault{Calls: errfs.Changing(), Err: syscall.EIO}, "input/output error", "look for errors of this disk"},
	} {
		if i > 0 {
			d.latest.Stop()
		}
		fault := d.inject(c.fault)
		agent := d.start()
		d.waitsForItsDisk(t, agent, c.trouble, c.cure)
		if fault.Fired() == 0 {
			t.Errorf("fault %d hit nothing", i)
		}
		fault.End()
		d.saying(agent, "tailrace runs")
		d.arrived(d.sink.Stats().Stored + 50)
	}
	d.settle(generator, d.latest)
}

// TestAgentStartedOnAFullDiskDeliversWhatItHas kills an agent with a backlog,
// fills its file system to the last byte, and starts it again: what is in the
// journal is delivered before there is any space.
func TestAgentStartedOnAFullDiskDeliversWhatItHas(t *testing.T) {
	t.Parallel()
	testkit.PrivateMounts(t)
	n := newNode(t, "503")
	testkit.Tmpfs(t, n.Path("state"), "size=64m")
	n.override(smallStores)
	generator := n.Generate("-seed", seed(386), "-containers", "3", "-plains", "1", "-rate", "400")
	agent := n.start()
	n.figure("there is a backlog", atLeast(300), "tailrace_receiver_accepted_log_records_total")
	agent.Kill()
	scan := oracle.NewJournalScan(n.Segments())
	if err := scan.More(); err != nil || n.sink.Stats().Stored > 0 {
		t.Fatalf("the backlog: %v, %d stored", err, n.sink.Stats().Stored)
	}
	filler := n.Path("state", "filler")
	testkit.Fill(t, filler, 0)
	n.sink.Behave("ok")
	agent = n.start()
	n.arrived(len(scan.Docs))
	// It is the journal that says so, not what else finds no space.
	n.saying(agent, "free space on the file system")
	n.shell("rm state/filler")
	n.saying(agent, "the journal writes again")
	n.settle(generator, agent)
}

// TestAgentThatMayNotOpenItsStateEndsWithTheCure refuses the agent its lock, as
// the kernel does a user who may not write there. No waiting cures that, so it
// ends and says what does.
func TestAgentThatMayNotOpenItsStateEndsWithTheCure(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.start()
	n.saying(n.latest, "tailrace runs")
	n.latest.Stop()
	trace := n.Path("out", "strace")
	agent := n.under([]string{n.tool("strace"), "-f", "-o", trace, "-P", n.Path("state", "lock"),
		"-e", "trace=openat", "-e", "inject=openat:error=EACCES"})
	if code := agent.Wait(); code == 0 {
		t.Error("it ended well")
	}
	if n.said(agent, "permission denied") == 0 || n.said(agent, "write access") == 0 {
		t.Errorf("it does not say why\n%s", agent.Tail())
	}
	if injected(t, trace, "EACCES") == 0 {
		t.Error("nothing was refused")
	}
}
