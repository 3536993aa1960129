package testkit

import (
	"os/exec"
	"runtime"
	"time"
)

// Spawn starts a program and closes exited when it has ended. The kernel kills
// it with the thread that started it, where its SysProcAttr says so
// (PR_SET_PDEATHSIG); that thread therefore does nothing else: that of a test
// may end before. Output that the program's own children write after its end is
// waited for a little only.
func Spawn(c *exec.Cmd) (exited chan struct{}, err error) {
	c.WaitDelay = 10 * time.Second
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
