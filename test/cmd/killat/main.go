// Command killat runs a program and kills it, as kill -9 does, just before the
// N-th of certain system calls, counted over all of its threads. (strace
// counts each thread's calls apart, and a Go program runs a goroutine on any
// of its threads: the N-th call of the process cannot be named there.)
//
// When the program has ended, the last line of the output file says how many
// of the calls there were, and at which it was killed, if it was.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// calls are those by which a file or a directory changes. Opening a new file
// is not among them: what it leaves is there at the next of these.
var calls = map[uint64]string{
	syscall.SYS_FSYNC:     "fsync",
	syscall.SYS_FDATASYNC: "fdatasync",
	syscall.SYS_PWRITE64:  "pwrite64",
	syscall.SYS_FALLOCATE: "fallocate",
	syscall.SYS_FTRUNCATE: "ftruncate",
	syscall.SYS_RENAMEAT:  "renameat",
	syscall.SYS_UNLINKAT:  "unlinkat",
	syscall.SYS_MKDIRAT:   "mkdirat",
}

func main() {
	at := flag.Int("at", 0, "which call it dies before; 0 is none")
	out := flag.String("out", "/dev/stderr", "file for what happened")
	flag.Parse()
	// Only the thread that has started a process may trace it.
	runtime.LockOSThread()
	t := &tracer{at: *at}
	err := t.run(flag.Args())
	if err == nil {
		err = os.WriteFile(*out, []byte(t.report()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "killat:", err)
		os.Exit(1)
	}
	os.Exit(t.status)
}

// tracer follows one process.
type tracer struct {
	pid, at int
	seen    int
	// killed is the call at which it was killed, empty when it was not.
	killed string
	status int
}

func (t *tracer) report() string { return fmt.Sprintf("calls=%d killed=%q\n", t.seen, t.killed) }

func (t *tracer) run(command []string) (err error) {
	t.pid, err = syscall.ForkExec(command[0], command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", command[0], err)
	}
	t.passOn()
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(t.pid, &ws, 0, nil); err != nil {
		return err
	}
	const exitKill = 0x100000 // PTRACE_O_EXITKILL: the program dies with this one.
	if err := syscall.PtraceSetOptions(t.pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return err
	}
	if err := syscall.PtraceSyscall(t.pid, 0); err != nil {
		return err
	}
	return t.follow()
}

// passOn gives the program the requests to end that come here.
func (t *tracer) passOn() {
	requests := make(chan os.Signal, 1)
	signal.Notify(requests, syscall.SIGTERM, os.Interrupt)
	go func() {
		for s := range requests {
			syscall.Kill(t.pid, s.(syscall.Signal))
		}
	}()
}

// follow lets the threads run from call to call until the process has ended.
func (t *tracer) follow() error {
	for {
		var ws syscall.WaitStatus
		thread, err := syscall.Wait4(-1, &ws, syscall.WALL, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case ws.Stopped():
			// A thread that has died meanwhile cannot be let on.
			if err := syscall.PtraceSyscall(thread, t.stopped(thread, ws)); err != nil && err != syscall.ESRCH {
				return err
			}
		case thread == t.pid:
			t.status = ws.ExitStatus()
			return nil
		}
	}
}

// stopped looks at why a thread stopped, and returns the signal that it gets.
func (t *tracer) stopped(thread int, ws syscall.WaitStatus) int {
	const bySyscall = syscall.SIGTRAP | 0x80 // PTRACE_O_TRACESYSGOOD
	switch s := ws.StopSignal(); s {
	case bySyscall:
		t.count(thread)
		return 0
	case syscall.SIGTRAP, syscall.SIGSTOP:
		// A new thread, or its parent.
		return 0
	default:
		return int(s)
	}
}

func (t *tracer) count(thread int) {
	name := calls[entered(thread)]
	if name == "" || t.killed != "" {
		return
	}
	if t.seen++; t.seen == t.at {
		t.killed = name
		syscall.Kill(t.pid, syscall.SIGKILL)
	}
}
