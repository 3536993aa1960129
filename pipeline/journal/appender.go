package journal

import (
	"cmp"
	"errors"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	// After an error of the disk the appender tries again after retryMin,
	// doubling up to retryMax.
	retryMin = 50 * time.Millisecond
	retryMax = 5 * time.Second
)

// run is the appender: it alone writes segments. It ends when the journal is
// closed and everything queued is durable, or the disk refuses that.
func (j *Journal) run() {
	defer close(j.done)
	tick := time.NewTicker(maintenance)
	defer tick.Stop()
	for {
		if err := j.commit(j.take()); err != nil {
			j.err = err
			break
		}
		j.watched(j.maintain)
		if j.finished() {
			break
		}
		select {
		case <-j.intake.work:
		case <-j.intake.ended:
		case <-tick.C:
		}
	}
	j.shutdown()
}

// take is everything queued. Each frame gets its number and, unless it has one,
// its time, which it keeps however often it is written, while nobody can see it
// neither queued nor numbered.
func (j *Journal) take() []*frame.Sealed {
	j.mu.Lock()
	defer j.mu.Unlock()
	group := j.intake.take()
	now := j.opts.wall().UnixNano()
	for _, s := range group {
		s.Meta.Seq, s.Meta.JournalTime = j.nextSeq, cmp.Or(s.Meta.JournalTime, now)
		j.nextSeq++
	}
	return group
}

func (j *Journal) finished() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed && len(j.intake.queue) == 0
}

// shutdown wakes everybody who waits and closes what is open.
func (j *Journal) shutdown() {
	if j.writer.file != nil && !j.writer.segment.empty() && j.err == nil {
		// Sealed, it need not be verified at the next start.
		j.seal()
	}
	j.writer.close()
	j.mu.Lock()
	close(j.changed)
	j.mu.Unlock()
	for _, c := range j.openCursors() {
		j.err = errors.Join(j.err, c.end())
	}
}

// commit makes a group of frames durable and publishes them. It returns an
// error only when the journal was closed meanwhile and the disk still refuses.
func (j *Journal) commit(group []*frame.Sealed) error {
	delay := retryMin
	for len(group) > 0 {
		n, err := j.attempt(group)
		if err == nil {
			group, delay = group[n:], retryMin
			continue
		}
		if !j.hold(err, delay) {
			release(group)
			return err
		}
		delay = min(2*delay, retryMax)
	}
	return nil
}

// attempt makes the first n frames of the group durable and publishes them.
func (j *Journal) attempt(group []*frame.Sealed) (n int, err error) {
	j.watched(func() {
		if n, err = j.write(group); err == nil {
			j.publish(group[:n])
		}
	})
	return n, err
}

// write brings the first n frames of the group to stable storage: as many as
// go into one segment.
func (j *Journal) write(group []*frame.Sealed) (n int, err error) {
	if err := j.prepare(group[0]); err != nil {
		return 0, err
	}
	w := &j.writer
	for n < len(group) && (n == 0 || w.size < j.opts.SegmentSize) {
		group[n].Meta.DurableSeq = j.durable
		if err := w.frame(group[n]); err != nil {
			return 0, j.undo(err)
		}
		n++
	}
	start := time.Now()
	if err := w.file.Sync(); err != nil {
		j.abandon("an fsync has failed")
		return 0, err
	}
	j.opts.OnSync(time.Since(start))
	if w.isRemoved(j.opts.FS) {
		j.abandon("somebody has removed it")
		return j.write(group)
	}
	return n, nil
}

// prepare has a segment open that s may be written to.
func (j *Journal) prepare(s *frame.Sealed) error {
	if j.writer.file != nil && j.due() {
		j.seal()
	}
	if j.writer.file == nil {
		return j.begin(s.Meta.Seq)
	}
	return nil
}

// due says whether the open segment is large or old enough to be sealed.
func (j *Journal) due() bool {
	w := &j.writer
	if w.segment.empty() {
		return false
	}
	return w.size >= j.opts.SegmentSize || time.Since(w.opened) >= j.opts.SegmentAge
}

// publish tells everybody about frames that have become durable.
func (j *Journal) publish(group []*frame.Sealed) {
	metas := make([]*frame.Meta, len(group))
	for i, s := range group {
		metas[i] = &s.Meta
		j.writer.learn(s)
	}
	j.writer.mark(group[len(group)-1].Meta.Seq)
	j.opts.OnDurable(metas)
	for _, s := range group {
		s.Acknowledge()
	}
	j.advance(group)
	release(group)
}

// advance moves the durable end of the journal behind group.
func (j *Journal) advance(group []*frame.Sealed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w, now := &j.writer, time.Now()
	if w.segment.empty() {
		w.opened = now
	}
	w.segment.written = now
	for _, s := range group {
		w.published += int64(w.lengths[0])
		w.lengths = w.lengths[1:]
		w.segment.add(&s.Meta, w.published)
		for _, c := range j.cursors {
			c.expect(TallyOf(&s.Meta), s.Meta.JournalTime)
		}
		j.intake.bytes -= int64(s.Meta.MetaSize() + len(s.Payload))
	}
	j.durable = group[len(group)-1].Meta.Seq
	if j.disk.trouble != nil {
		j.opts.Logger.Info("the journal writes again; nothing was lost", "directory", j.opts.Dir)
	}
	j.disk.trouble = nil
	close(j.changed)
	j.changed = make(chan struct{})
	j.intake.retry()
}

func release(group []*frame.Sealed) {
	for _, s := range group {
		s.Release()
	}
}

// hold waits after an error of the disk, and says whether to try again.
func (j *Journal) hold(err error, delay time.Duration) bool {
	j.mu.Lock()
	closed, first := j.closed, j.disk.trouble == nil
	j.disk.trouble = err
	j.mu.Unlock()
	if first {
		j.opts.Logger.Error("the journal cannot write; reading of logs pauses and nothing is lost as long as the log files stay",
			"directory", j.opts.Dir, "error", err, "cure", Cure(err))
	}
	if closed {
		return false
	}
	j.makeRoom(outOfSpace(err))
	select {
	case <-time.After(delay):
	case <-j.intake.ended:
	}
	return true
}

// outOfSpace says whether err is the disk being full.
func outOfSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Cure is what a person can do about an error of the journal's disk.
func Cure(err error) string {
	switch {
	case outOfSpace(err):
		return "free space on the file system, or lower service.journal.max_size"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only: look in the kernel's log for why, then remount it read-write; if it is a container's own, mount a volume there"
	case isStall(err):
		return "see whether this disk, or the network to it, is overloaded or failing: iostat -x, and the kernel's log"
	}
	return "look for errors of this disk in the kernel's log"
}
