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
	"syscall"

	"github.com/tailrace/tailrace/test/tracer"
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
	k := &killer{at: *at}
	k.program.OnStop = k.stopped
	status, err := k.program.Run(flag.Args())
	if err == nil {
		err = os.WriteFile(*out, []byte(k.report()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "killat:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// killer counts the calls of a program.
type killer struct {
	program  tracer.Program
	at, seen int
	// killed is the call at which it was killed, empty when it was not.
	killed string
}

func (k *killer) report() string { return fmt.Sprintf("calls=%d killed=%q\n", k.seen, k.killed) }

func (k *killer) stopped(thread int, at tracer.Stop) (tracer.Next, error) {
	if at == tracer.AtCall {
		k.count(thread)
	}
	return tracer.NextCall, nil
}

func (k *killer) count(thread int) {
	call, entered := tracer.Entered(thread)
	name := calls[call.Number]
	if !entered || name == "" || k.killed != "" {
		return
	}
	if k.seen++; k.seen == k.at {
		k.killed = name
		syscall.Kill(k.program.PID, syscall.SIGKILL)
	}
}
