package testkit

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Checkout is the binary of an ordinary Go service.
func Checkout(tb testing.TB) string {
	tb.Helper()
	return build(tb, "./test/cmd/checkout", false)
}

// StartContainer runs a program as a container runtime does: both standard
// streams go to <pods>/<pod>/<container>/0.log in CRI format. It returns the
// first line that the program writes to standard error.
func (r *Rig) StartContainer(pod, container, path string, args ...string) string {
	r.TB.Helper()
	name := r.Path("pods", pod, container, "0.log")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.TB.Fatal(err)
	}
	log, err := os.Create(name)
	if err != nil {
		r.TB.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // As Start does.
	stdout, stderr := pipes(r.TB, cmd)
	if err := cmd.Start(); err != nil {
		r.TB.Fatal(err)
	}
	r.TB.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
	})
	first := make(chan string, 1)
	go frame(log, "stdout", stdout, nil)
	go frame(log, "stderr", stderr, first)
	return <-first
}

func pipes(tb testing.TB, cmd *exec.Cmd) (stdout, stderr io.Reader) {
	tb.Helper()
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		stderr, err = cmd.StderrPipe()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return stdout, stderr
}

// frame writes lines to a log, each with one write, which appends whole.
func frame(log io.Writer, stream string, from io.Reader, first chan<- string) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if first != nil {
			first <- strings.TrimSpace(line)
			first = nil
		}
		fmt.Fprintf(log, "%s %s F %s", time.Now().UTC().Format(time.RFC3339Nano), stream, line)
	}
}
