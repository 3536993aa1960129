// Command wallclock runs a program whose system clock is wrong by as much as a
// file says, which may change at any time. Only CLOCK_REALTIME is: what passes
// is the same as for everybody.
//
// The program is kept from the kernel's shared page (vdso(7)), so that it asks
// for the time by a system call; a seccomp filter gives those calls to this
// one, which changes their results. A Go program reads every time in this way.
//
// When the program has ended, the output file says how many readings were
// changed.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/test/tracer"
)

func main() {
	by := flag.String("by", "", "file with a duration: how far the clock is ahead")
	out := flag.String("out", "/dev/stderr", "file for what happened")
	flag.Parse()
	status, err := run(*by, *out, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "wallclock:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// run returns the program's exit status.
func run(by, out string, command []string) (int, error) {
	// The filter is the thread's, and its child's.
	runtime.LockOSThread()
	if err := giveAway(); err != nil {
		return 0, fmt.Errorf("seccomp: %w", err)
	}
	c := &clock{by: by, results: map[int]uintptr{}}
	program := tracer.Program{OnStop: c.stopped}
	status, err := program.Run(command)
	if err != nil {
		return 0, err
	}
	return status, os.WriteFile(out, fmt.Appendf(nil, "changed=%d\n", c.changed), 0o644)
}

// clock changes what a program reads.
type clock struct {
	by      string
	changed int
	// results are where threads that are in the call get theirs.
	results map[int]uintptr
}

func (c *clock) stopped(thread int, at tracer.Stop) (tracer.Next, error) {
	switch at {
	case tracer.AtExec:
		return tracer.NextEvent, hideSharedPage(thread)
	case tracer.AtFilter:
		if call, ok := tracer.Entered(thread); ok {
			c.results[thread] = uintptr(call.Args[1])
			return tracer.NextCall, nil
		}
	case tracer.AtCall:
		result := c.results[thread]
		delete(c.results, thread)
		return tracer.NextEvent, c.change(thread, result)
	}
	return tracer.NextEvent, nil
}

// change moves a struct timespec. Its second word, the nanoseconds, stays.
func (c *clock) change(thread int, result uintptr) error {
	by, err := c.ahead()
	if err != nil || by == 0 || result == 0 {
		return err
	}
	var word [8]byte
	if _, err := syscall.PtracePeekData(thread, result, word[:]); err != nil {
		return err
	}
	seconds := int64(binary.NativeEndian.Uint64(word[:])) + int64(by/time.Second)
	binary.NativeEndian.PutUint64(word[:], uint64(seconds))
	if _, err := syscall.PtracePokeData(thread, result, word[:]); err != nil {
		return err
	}
	c.changed++
	return nil
}

func (c *clock) ahead() (time.Duration, error) {
	text, err := os.ReadFile(c.by)
	if err != nil {
		return 0, err
	}
	return time.ParseDuration(strings.TrimSpace(string(text)))
}
