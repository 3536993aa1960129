package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
)

// NextLockFile is locked by the agent that waits for the directory's lock, the
// first of them. Behind what every lock's file says of its holder it has a line
// that names the exporters by which that agent goes on.
const NextLockFile = "lock.next"

// overlap is how long before its end the agent before may have seen a new file
// last: it looks for everything every ten seconds.
const overlap = 10 * time.Second

// lockRetry is how often a lock that another agent holds is tried again.
const lockRetry = 20 * time.Millisecond

// cureOfTwo is what to do about a second agent on a directory.
const cureOfTwo = "none if that agent is being replaced; else stop one of the two, or give it a service.journal.directory of its own"

// waitForLock waits for another agent on the same directory to end: the next
// one may be started before, and takes over at once. It lets the other one know
// that it is there.
func (a *Agent) waitForLock(ctx context.Context, fs vfs.FS, dir string) (io.Closer, error) {
	var next io.Closer
	defer func() {
		if next != nil {
			next.Close()
		}
	}()
	name := filepath.Join(dir, LockFile)
	for said := false; ; said = true {
		l, err := patiently(ctx, a.opener, func() (io.Closer, error) { return fs.Lock(name) })
		if !errors.Is(err, vfs.ErrLocked) {
			if said {
				a.opts.TakesOver = time.Now().Add(-overlap)
			}
			return l, err
		}
		if next == nil {
			next = a.announce(fs, dir)
		}
		a.waiting.tell(err)
		if !said {
			a.log.Warn("waiting for another agent on the same journal directory to end, and reading nothing until then",
				"lock", name, "held", heldBy(err), "cure", cureOfTwo)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockRetry):
		}
	}
}

// announce tells the agent that has the directory that this one is next; nil
// when another one is, or the disk does not take it: then the hand-over is only
// slower.
func (a *Agent) announce(fs vfs.FS, dir string) io.Closer {
	name := filepath.Join(dir, NextLockFile)
	next, err := fs.Lock(name)
	if err != nil {
		return nil
	}
	if err := appendLine(fs, name, exporterNames(a.cfg)); err != nil {
		a.log.Debug("the agent that is replaced does not know which exporters go on, and lets them deliver first", "error", err)
	}
	return next
}

// exporterNames are the exporters that a configuration's pipelines use.
func exporterNames(cfg *config.Config) successor {
	names := successor{}
	for _, p := range cfg.Service.Pipelines {
		for _, id := range p.Exporters {
			names = append(names, id.String())
		}
	}
	return names
}

// appendLine appends value as JSON. Without its end of line it counts for
// nothing, should it be read meanwhile.
func appendLine(fs vfs.FS, name string, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	f, err := fs.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(line, '\n'), size)
	return err
}

// successor is what goes on with the state as soon as this agent has ended: the
// exporters by their names, none when nobody does. As the cause that ends an
// agent's context it is the next agent in this process.
type successor []string

// Error implements error.
func (s successor) Error() string { return "another agent goes on by another configuration" }

// goesOn says whether an exporter's frames are delivered without this agent.
func (s successor) goesOn(exporter string) bool { return slices.Contains(s, exporter) }

// heir is who takes over when ctx has ended the agent: the next one in this
// process, or another one that waits for the lock. What is in memory nobody can
// take over.
func (a *Agent) heir(ctx context.Context) successor {
	if a.inMemory() || a.hold.lock == nil {
		return nil
	}
	if next, ok := errors.AsType[successor](context.Cause(ctx)); ok {
		return next
	}
	s := waitingIn(vfs.OS{}, a.cfg.Service.Journal.Directory)
	if s != nil {
		a.log.Info("another agent waits for this one to end, and delivers what is left", "exporters", []string(s))
	}
	return s
}

// maxNext bounds what is read of a waiting agent's names.
const maxNext = 64 << 10

// waitingIn is the agent that waits for the lock of dir, and nil without one.
// For the instant of looking, one that just comes is held off, and tries again.
func waitingIn(fs vfs.FS, dir string) successor {
	name := filepath.Join(dir, NextLockFile)
	if _, err := fs.Stat(name); err != nil {
		return nil
	}
	l, err := fs.Lock(name)
	if err == nil {
		l.Close()
	}
	if !errors.Is(err, vfs.ErrLocked) {
		return nil
	}
	f, err := fs.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, maxNext)
	n, _ := f.ReadAt(b, 0)
	return namesIn(string(b[:n]))
}

// namesIn reads the line behind the three of the holder.
func namesIn(content string) successor {
	lines := strings.SplitAfter(content, "\n")
	if len(lines) < 5 {
		return nil
	}
	var s successor
	if json.Unmarshal([]byte(lines[3]), &s) != nil {
		return nil
	}
	return s
}
