package torture

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// traceLimit is how long the agent may run without reaching the call at which
// it is to be killed.
const traceLimit = 4 * time.Second

// live is one life of the agent, mostly an ordinary one.
func (r *round) live() {
	n := r.rand.IntN(100)
	strace, err := exec.LookPath("strace")
	if err != nil {
		n = 99
	}
	switch {
	case n < 15:
		r.killedAtACall(strace)
	case n < 25:
		r.failing(strace, "fsync-fails", "fsync,fdatasync", "EIO", 3)
	case n < 35:
		r.failing(strace, "write-fails", "pwrite64,fallocate", "ENOSPC", 12)
	case n < 80 && r.disk != nil:
		r.powerFails()
	case n < 45:
		r.busy(r.start("prlimit", "--nofile=64"), "with few descriptors")
		r.fired("few-descriptors", 1)
	default:
		r.busy(r.start(), "under load")
	}
}

// busy lets things happen to a running agent, and ends it.
func (r *round) busy(agent *testkit.Process, during string) {
	for range 1 + r.rand.IntN(5) {
		r.pause(r.upTo(700 * time.Millisecond))
		switch r.rand.IntN(7) {
		case 0, 1, 2:
			r.badSink()
		case 3:
			r.stopped(agent)
		case 4:
			r.fullDisk()
		case 5:
			r.reload(agent)
		}
	}
	if !r.alive(agent, during) {
		return
	}
	if r.rand.IntN(3) == 0 {
		r.terminate(agent)
		return
	}
	agent.Kill()
	r.killed(1)
}

// terminate asks the agent to end, with whatever the sink does just then.
func (r *round) terminate(agent *testkit.Process) {
	if err := agent.Signal(syscall.SIGTERM); err != nil {
		r.TB.Error(err)
	}
	if code := agent.Wait(); code != 0 && !diedUnborn(agent, code) {
		r.TB.Errorf("the agent ended with status %d when it was asked to\n%s", code, agent.Tail())
	}
	r.fired("terminated", 1)
}

// diedUnborn says whether the signal came before the program had begun to listen
// for it.
func diedUnborn(agent *testkit.Process, code int) bool {
	log, err := os.Stat(agent.Stderr)
	return err == nil && log.Size() == 0 && code == -1
}

// badSink begins another script: trouble for a time, then none for as long.
func (r *round) badSink() {
	kinds := []string{"429", "503", "502", "cut", "reset", "stall", "partly", "short", "html", "ok"}
	script := ""
	for range 1 + r.rand.IntN(3) {
		d := 50 + r.rand.IntN(400)
		script += fmt.Sprintf("%s:%dms,ok:%dms,", kinds[r.rand.IntN(len(kinds))], d, d)
	}
	r.sink.Behave(strings.TrimSuffix(script, ","))
}

// stopped freezes the agent for a time.
func (r *round) stopped(agent *testkit.Process) {
	if agent.Signal(syscall.SIGSTOP) != nil {
		return
	}
	r.pause(r.upTo(1500 * time.Millisecond))
	if err := agent.Signal(syscall.SIGCONT); err != nil {
		r.TB.Error(err)
	}
	r.fired("stopped", 1)
}

// reload gives an agent that listens another configuration; what comes next may
// hit it while one agent follows the other.
func (r *round) reload(agent *testkit.Process) {
	log, err := os.ReadFile(agent.Stderr)
	if err != nil {
		r.TB.Error(err)
	}
	if !bytes.Contains(log, []byte("tailrace runs")) {
		return
	}
	text := fmt.Sprintf("service: {journal: {flush: {interval: %dms}}}\n", 50+r.rand.IntN(100))
	if err := os.WriteFile(r.configs[1], []byte(text), 0o644); err != nil {
		r.TB.Error(err)
	}
	if agent.Signal(syscall.SIGHUP) == nil {
		r.fired("reloaded", 1)
	}
}

// fullDisk takes all space of the state's disk for a time.
func (r *round) fullDisk() {
	if !r.small {
		return
	}
	ballast := r.Path("state", "ballast")
	if err := fill(ballast); !errors.Is(err, syscall.ENOSPC) {
		r.TB.Errorf("the disk is not full: %v", err)
	}
	r.fired("disk-full", 1)
	r.pause(r.upTo(2 * time.Second))
	if err := os.Remove(ballast); err != nil {
		r.TB.Error(err)
	}
}

// fill writes to a file until there is no space for a page.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; ; {
		_, err := f.Write(make([]byte, size))
		switch {
		case err != nil && size == 4096:
			return err
		case err != nil:
			size = 4096
		}
	}
}

// traced runs the agent with a fault injected into system calls. What strace
// saw of it is in the file.
func (r *round) traced(strace, calls, fault string) (agent *testkit.Process, log string) {
	log = r.Path("out", fmt.Sprintf("strace-%03d", r.runs+1))
	return r.start(strace, "-f", "--seccomp-bpf", "-o", log, "-e", "signal=none", "-e", "trace="+calls,
		"-e", "inject="+calls+":"+fault, "setpriv", "--pdeathsig", "KILL"), log
}

// killedAtACall lets the kernel kill the agent at a system call by which
// something becomes durable.
func (r *round) killedAtACall(strace string) {
	calls := []string{"fsync,fdatasync", "pwrite64", "rename,renameat,renameat2,unlinkat", "fallocate,ftruncate"}[r.rand.IntN(4)]
	agent, _ := r.traced(strace, calls, fmt.Sprintf("signal=SIGKILL:when=%d", 1+r.rand.IntN(12)))
	for until := time.Now().Add(traceLimit); agent.Running() && time.Now().Before(until); {
		r.pause(20 * time.Millisecond)
	}
	if agent.Running() {
		agent.Kill()
		r.killed(1)
		return
	}
	if code := agent.Wait(); code != -1 {
		r.TB.Errorf("the agent ended by itself with status %d, to be killed at %s\n%s", code, calls, agent.Tail())
	}
	r.killed(1)
	r.fired("killed-at-a-call", 1)
}

// refusedToStart says whether the agent has ended before it ran, with a reason:
// what it needs durable from the start could not be made so.
func refusedToStart(agent *testkit.Process) bool {
	text, err := os.ReadFile(agent.Stderr)
	return err == nil && !agent.Running() && agent.Wait() == 1 &&
		!bytes.Contains(text, []byte("tailrace runs")) && bytes.Contains(text, []byte("tailrace: "))
}

// failing lets some system calls of each thread fail, from one that is behind
// the start on.
func (r *round) failing(strace, name, calls, errno string, most int) {
	first := 8 + r.rand.IntN(8)
	agent, log := r.traced(strace, calls, fmt.Sprintf("error=%s:when=%d..%d", errno, first, first+r.rand.IntN(most)))
	r.pause(2*time.Second + r.upTo(2*time.Second))
	if refusedToStart(agent) {
		r.fired("start-refused", 1)
	} else if r.alive(agent, "while "+calls+" fail with "+errno) {
		agent.Kill()
		r.killed(1)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		r.TB.Error(err)
	}
	r.fired(name, bytes.Count(text, []byte("(INJECTED)")))
}
