// Package testkit starts what black-box tests need: the agent as a user would
// build it, the oracle's processes, and other programs, each in a process that
// dies with the test.
package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds waits that only a defect makes long.
const patience = 2 * time.Minute

// Process is a running program. Its output is in files, and is shown when the
// test fails.
type Process struct {
	Name           string
	Stdout, Stderr string
	tb             testing.TB
	cmd            *exec.Cmd
	done           chan struct{}
}

// Command is what Start runs.
type Command struct {
	// Name tells the process apart in messages and files.
	Name string
	Path string
	Args []string
	Dir  string
	Env  []string
	// Logs is the folder for the output files.
	Logs string
}

// Start runs a program until it ends, is told to, or the test is over. The
// caller's goroutine keeps its thread from then on: the kernel kills the
// program when the thread that started it ends (PR_SET_PDEATHSIG), and the
// thread of another goroutine ends with that one if it was locked to it.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	runtime.LockOSThread()
	p := &Process{Name: c.Name, tb: tb, done: make(chan struct{})}
	p.Stdout, p.Stderr = filepath.Join(c.Logs, c.Name+".stdout"), filepath.Join(c.Logs, c.Name+".stderr")
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := appendTo(p.Stdout)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	errs, err := appendTo(p.Stderr)
	if err != nil {
		tb.Fatal(err)
	}
	defer errs.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", c.Name, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	tb.Cleanup(p.Kill)
	return p
}

func appendTo(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// Kill ends the process at once, as kill -9 does, and waits for it.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// PeakMemory is the most that the process has had resident, in bytes (VmHWM,
// proc_pid_status(5)).
func (p *Process) PeakMemory() int {
	p.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		p.tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		p.tb.Fatalf("%v in\n%s", err, status)
	}
	return kib << 10
}

// Running says whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Wait waits for the process to end and returns its exit status.
func (p *Process) Wait() int {
	p.tb.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.tb.Fatalf("%s does not end\n%s", p.Name, p.Tail())
		return -1
	}
}

// Stop asks the process to end, and fails the test unless it does with status 0.
func (p *Process) Stop() {
	p.tb.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatal(err)
	}
	if code := p.Wait(); code != 0 {
		p.tb.Fatalf("%s ended with status %d\n%s", p.Name, code, p.Tail())
	}
}

// Tail is the end of what the process wrote.
func (p *Process) Tail() string {
	return fmt.Sprintf("-- %s, end of stdout:\n%s-- end of stderr:\n%s", p.Name, tail(p.Stdout), tail(p.Stderr))
}

func tail(name string) string {
	const most = 4 << 10
	b, err := os.ReadFile(name)
	if err != nil {
		return err.Error() + "\n"
	}
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return string(b)
}

// FirstLine waits for the first line of the process's standard output.
func (p *Process) FirstLine() string {
	p.tb.Helper()
	var line string
	Eventually(p.tb, p.Name+" prints its first line", func() (bool, string) {
		b, err := os.ReadFile(p.Stdout)
		first, _, whole := bytes.Cut(b, []byte("\n"))
		line = string(first)
		if !whole && !p.Running() {
			p.tb.Fatalf("%s has ended\n%s", p.Name, p.Tail())
		}
		return err == nil && whole, ""
	})
	return line
}

// Eventually waits until done says so, and fails the test with done's last
// remark when it never does.
func Eventually(tb testing.TB, what string, done func() (bool, string)) {
	tb.Helper()
	remark := ""
	for until := time.Now().Add(patience); time.Now().Before(until); {
		ok, asked := false, time.Now()
		if ok, remark = done(); ok {
			return
		}
		// Asking takes no more than half of the time, which others need.
		time.Sleep(max(20*time.Millisecond, time.Since(asked)))
	}
	tb.Fatalf("waited %s in vain: %s; %s", patience, what, remark)
}

// Grows waits until a number has become so large. However long that takes on a
// slow machine, it fails the test only when the number grows no more.
func Grows(tb testing.TB, what string, want int, number func() (value int, remark string)) {
	tb.Helper()
	for now, before := -1, -1; now < want; before = now {
		Eventually(tb, what, func() (bool, string) {
			value, remark := number()
			now = max(now, value)
			return now >= want || now > before, fmt.Sprintf("%d of %d; %s", now, want, remark)
		})
	}
}

// Output runs a program to its end and returns its standard output and exit
// status.
func Output(tb testing.TB, path string, args ...string) (string, int) {
	tb.Helper()
	cmd := exec.Command(path, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("%s: %v", path, err)
	}
	if stderr.Len() > 0 {
		tb.Logf("%s %s: %s", filepath.Base(path), strings.Join(args, " "), stderr.String())
	}
	return string(out), cmd.ProcessState.ExitCode()
}
