package journal

import (
	"errors"
	"fmt"
	"time"
)

// stallPatience is how long an fsync may take before it counts as a trouble of
// the disk. A disk that is only busy takes a second or two.
const stallPatience = 5 * time.Second

// stall is an fsync that does not return.
type stall struct{ began time.Time }

func (s stall) Error() string {
	return fmt.Sprintf("an fsync began %s ago and has not returned", time.Since(s.began).Round(time.Second))
}

// sync makes the open segment durable. It tells while it waits.
func (j *Journal) sync() error {
	began := time.Now()
	j.setSyncing(true)
	overdue := time.AfterFunc(stallPatience, func() { j.stalled(began) })
	err := j.writer.file.Sync()
	overdue.Stop()
	j.setSyncing(false)
	if err == nil {
		j.opts.OnSync(time.Since(began))
	}
	return err
}

func (j *Journal) setSyncing(now bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.disk.syncing = now
}

// stalled notes that an fsync takes long, unless it has returned just now. The
// next group of frames that is durable ends the trouble.
func (j *Journal) stalled(began time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.disk.syncing || j.disk.trouble != nil {
		return
	}
	trouble := stall{began}
	j.disk.trouble = trouble
	j.opts.Logger.Warn("the journal waits for its disk; reading of logs pauses when memory for it is used up, and nothing is lost as long as the log files stay",
		"directory", j.opts.Dir, "error", trouble, "cure", Cure(trouble))
}

// isStall tells a disk that is late from one that has refused something.
func isStall(err error) bool { return errors.As(err, new(stall)) }
