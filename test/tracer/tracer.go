// Package tracer runs a program under ptrace(2), with all its threads, and says
// where they stop. strace does not do for what tests need: it counts each
// thread's system calls apart, and changes no results by what it is told
// meanwhile.
package tracer

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Stop is why a thread stands still.
type Stop int

const (
	// AtCall is the beginning or the end of a system call.
	AtCall Stop = iota
	// AtFilter is a system call that a seccomp filter gives to the tracer.
	AtFilter
	// AtExec is the beginning of a program, of which nothing has run yet.
	AtExec
	// elsewhere is of no interest to anybody.
	elsewhere
)

// Next is where a thread is to stop again.
type Next int

const (
	// NextCall is the next beginning or end of a system call, whatever comes
	// first.
	NextCall Next = iota
	// NextEvent lets calls pass that no filter takes.
	NextEvent
)

// Program is a program that is traced.
type Program struct {
	// PID is set before the first stop.
	PID int
	// OnStop looks at a thread that stands still and says how far it goes.
	OnStop func(thread int, at Stop) (Next, error)
}

// The parts of ptrace(2) that package syscall has no name for.
const (
	traceSeccomp = 0x80     // PTRACE_O_TRACESECCOMP
	exitKill     = 0x100000 // PTRACE_O_EXITKILL: the program dies with this one.
	eventSeccomp = 7        // PTRACE_EVENT_SECCOMP
	bySyscall    = syscall.SIGTRAP | 0x80
	options      = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEEXEC | traceSeccomp | exitKill
)

// Run runs a command to its end and returns its exit status. Only the thread
// that has started a process may trace it: the caller's goroutine keeps its own.
// Requests to end are passed on.
func (p *Program) Run(command []string) (status int, err error) {
	runtime.LockOSThread()
	p.PID, err = syscall.ForkExec(command[0], command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", command[0], err)
	}
	p.passOn()
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(p.PID, &ws, 0, nil); err != nil {
		return 0, err
	}
	if err := syscall.PtraceSetOptions(p.PID, options); err != nil {
		return 0, err
	}
	if err := p.goOn(p.PID, AtExec, 0); err != nil {
		return 0, err
	}
	return p.follow()
}

func (p *Program) passOn() {
	requests := make(chan os.Signal, 1)
	signal.Notify(requests, syscall.SIGTERM, os.Interrupt)
	go func() {
		for s := range requests {
			syscall.Kill(p.PID, s.(syscall.Signal))
		}
	}()
}

// follow lets the threads run from stop to stop until the process has ended.
func (p *Program) follow() (status int, err error) {
	for {
		var ws syscall.WaitStatus
		thread, err := syscall.Wait4(-1, &ws, syscall.WALL, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case ws.Stopped():
			at, signal := reason(ws)
			// A thread that has died meanwhile cannot be let on.
			if err := p.goOn(thread, at, signal); err != nil && err != syscall.ESRCH {
				return 0, err
			}
		case thread == p.PID:
			return ws.ExitStatus(), nil
		}
	}
}

// reason is why a thread has stopped, and the signal that it gets.
func reason(ws syscall.WaitStatus) (Stop, int) {
	switch s := ws.StopSignal(); {
	case s == bySyscall:
		return AtCall, 0
	case s == syscall.SIGTRAP && ws.TrapCause() == syscall.PTRACE_EVENT_EXEC:
		return AtExec, 0
	case s == syscall.SIGTRAP && ws.TrapCause() == eventSeccomp:
		return AtFilter, 0
	case s == syscall.SIGTRAP, s == syscall.SIGSTOP:
		// A new thread, or its parent.
		return elsewhere, 0
	default:
		return elsewhere, int(s)
	}
}

func (p *Program) goOn(thread int, at Stop, signal int) error {
	next, err := p.OnStop(thread, at)
	switch {
	case err != nil:
		return err
	case next == NextCall:
		return syscall.PtraceSyscall(thread, signal)
	}
	return syscall.PtraceCont(thread, signal)
}
