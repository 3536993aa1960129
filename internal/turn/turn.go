// Package turn lets few processes of a node work at a time, by locks on files
// that the system takes away when a process ends.
package turn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
)

// Turn is one process's. It is not safe for concurrent use.
type Turn struct {
	fsys vfs.FS
	dir  string
	most int
	held io.Closer
}

// New makes a turn of those that work on dir, of which most have theirs at a
// time.
func New(fsys vfs.FS, dir string, most int) *Turn { return &Turn{fsys: fsys, dir: dir, most: most} }

// retry is how often locks that others hold are tried again.
const retry = 100 * time.Millisecond

// Take waits for the turn unless it has come already, and calls waiting first if
// it has to. Where no file can be locked, there are no turns to wait for.
func (t *Turn) Take(ctx context.Context, waiting func()) error {
	if t.held != nil || t.try() {
		return nil
	}
	waiting()
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for !t.try() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// try says whether one of the locks was free, or cannot be had at all.
func (t *Turn) try() bool {
	for i := range t.most {
		l, err := t.fsys.Lock(filepath.Join(t.dir, fmt.Sprintf("search-%d.lock", i+1)))
		if !errors.Is(err, vfs.ErrLocked) {
			t.held = l
			return true
		}
	}
	return false
}

// Release ends the turn.
func (t *Turn) Release() {
	if t.held != nil {
		// What a process holds ends with it at the latest.
		_ = t.held.Close()
		t.held = nil
	}
}
