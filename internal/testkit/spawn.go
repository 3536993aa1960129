package testkit

import (
	"os/exec"
	"runtime"
)

// Spawn starts a program and closes exited when it has ended. The kernel kills
// it with the thread that started it, where its SysProcAttr says so
// (PR_SET_PDEATHSIG); that thread therefore does nothing else: that of a test
// may end before.
func Spawn(c *exec.Cmd) (exited chan struct{}, err error) {
	exited = make(chan struct{})
	started := make(chan error)
	go func() {
		defer close(exited)
		runtime.LockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
		}
	}()
	return exited, <-started
}
