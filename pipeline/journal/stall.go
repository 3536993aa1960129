package journal

import (
	"errors"
	"fmt"
	"time"
)

// stallPatience is how long the appender may wait for the disk before that
// counts as a trouble. A disk that is only busy takes a second or two.
const stallPatience = 5 * time.Second

// stall is a disk that does not answer.
type stall struct{ since time.Time }

func (s stall) Error() string {
	return fmt.Sprintf("the disk has not answered for %s", time.Since(s.since).Round(time.Second))
}

// isStall tells a disk that is late from one that has refused something.
func isStall(err error) bool { return errors.As(err, new(stall)) }

// watched does a piece of the appender's work and tells when it takes long.
func (j *Journal) watched(work func()) {
	began := time.Now()
	j.setWaiting(true)
	overdue := time.AfterFunc(stallPatience, func() { j.stalled(began) })
	work()
	overdue.Stop()
	j.setWaiting(false)
}

// setWaiting notes whether the appender works on the disk. A stall is over when
// it does not.
func (j *Journal) setWaiting(now bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.disk.waiting = now
	if !now && isStall(j.disk.trouble) {
		j.disk.trouble = nil
		j.opts.Logger.Info("the disk answers the journal again; nothing was lost", "directory", j.opts.Dir)
	}
}

// stalled notes that the disk takes long, unless it has answered just now.
func (j *Journal) stalled(since time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.disk.waiting || j.disk.trouble != nil {
		return
	}
	trouble := stall{since}
	j.disk.trouble = trouble
	j.opts.Logger.Warn("the journal waits for its disk; reading of logs pauses when memory for it is used up, and nothing is lost as long as the log files stay",
		"directory", j.opts.Dir, "error", trouble, "cure", Cure(trouble))
}
