package journal

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// diskState is what is known of the file system, guarded by Journal.mu.
type diskState struct {
	free, total uint64
	// full says that less than the reserve is free and nothing can be deleted,
	// starved that frames wait for any room at all.
	full, starved bool
	// trouble is the error that keeps the appender from writing.
	trouble error
	// waiting says that the appender works on the disk.
	waiting bool
}

// maintain does what is due between two groups of frames.
func (j *Journal) maintain() {
	if j.writer.file != nil && j.due() {
		j.seal()
	}
	j.syncCursors(syncInterval)
	j.makeRoom(false)
}

// makeRoom deletes the oldest segments as long as the limits ask for it and
// nobody needs them. After ENOSPC one goes even when the limits are kept.
func (j *Journal) makeRoom(outOfSpace bool) {
	j.measure()
	freed := false
	for {
		seg, full := j.excess(outOfSpace)
		if seg == nil || !j.release(seg, full) || !j.delete(seg) {
			break
		}
		freed, outOfSpace = true, false
		j.measure()
	}
	j.settle(freed)
}

// measure asks how much of the file system is free.
func (j *Journal) measure() {
	free, total, err := j.opts.FS.Space(j.opts.Dir)
	if err != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.disk.free, j.disk.total = free, total
}

// settle lets waiting frames try again when there may be room for them, and
// says when there is none.
func (j *Journal) settle(freed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	wasFull, wasStarved := j.disk.full, j.disk.starved
	j.disk.full = j.disk.free < j.opts.MinFree.of(j.disk.total)
	j.disk.starved = !freed && j.intake.wanted > 0 && (j.disk.full || j.over(j.intake.wanted))
	if freed || wasFull && !j.disk.full {
		j.intake.retry()
	}
	if j.disk.starved && !wasStarved {
		j.opts.Logger.Warn("the journal is full; reading of logs pauses until an exporter has delivered or space is free",
			"directory", j.opts.Dir, "bytes", j.used(), "max_size", j.opts.MaxSize, "free", j.disk.free, "behind", j.slowest())
	}
}

// over says whether size more bytes would pass MaxSize.
func (j *Journal) over(size int64) bool {
	return j.opts.MaxSize > 0 && j.used()+size > j.opts.MaxSize
}

// slowest is the cursor that has most before it.
func (j *Journal) slowest() (name string) {
	var most int64 = -1
	for _, c := range j.cursors {
		if c.pending.Bytes > most {
			name, most = c.name, c.pending.Bytes
		}
	}
	return name
}

// excess is the oldest segment when a limit asks for its end, and whether it
// is needed for frames that wait, which exporters that may skip give way to.
func (j *Journal) excess(outOfSpace bool) (seg *segment, full bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.segments) == 0 || j.segments[0].empty() {
		return nil, false
	}
	oldest := j.segments[0]
	scarce := outOfSpace || j.disk.free < j.opts.MinFree.of(j.disk.total)
	full = outOfSpace || j.intake.wanted > 0 && (scarce || j.over(j.intake.wanted))
	scarce = scarce || full || j.over(j.headroom())
	if scarce || j.expired(oldest) {
		return oldest, full
	}
	return nil, false
}

// headroom is kept free below MaxSize, so that frames need not wait for a
// segment to be deleted.
func (j *Journal) headroom() int64 { return min(j.opts.MaxPending, j.opts.MaxSize/16) }

func (j *Journal) expired(s *segment) bool {
	return j.opts.MaxAge > 0 && s.sealed && time.Since(s.written) > j.opts.MaxAge
}

// release says whether nobody needs the segment any more, after cursors that
// may skip were moved past it if the journal is full.
func (j *Journal) release(seg *segment, full bool) bool {
	j.mu.Lock()
	covered := seg.Last <= j.checkpointed
	j.mu.Unlock()
	if !covered {
		return false
	}
	// Those that must not lose anything are asked first: a cursor that may
	// skip is not moved in vain.
	for _, ask := range []OnFull{Block, Skip} {
		for _, c := range j.openCursors() {
			if c.onFull == ask && !c.releases(seg, full) {
				return false
			}
		}
	}
	return j.ended(seg)
}

// ended says whether the segment gets no more frames. The open one is sealed
// for it, and a new one takes its place, whose name keeps the next number.
func (j *Journal) ended(seg *segment) bool {
	if seg == j.writer.segment && j.writer.file != nil {
		j.seal()
	}
	j.mu.Lock()
	newest, next := seg == j.segments[len(j.segments)-1], j.nextUnwritten()
	j.mu.Unlock()
	if !newest {
		return true
	}
	if err := j.begin(next); err != nil {
		j.opts.Logger.Warn("a new segment cannot be made", "directory", j.opts.Dir, "error", err)
		return false
	}
	return true
}

// nextUnwritten is the number of the first frame that is not durable.
func (j *Journal) nextUnwritten() uint64 {
	if len(j.intake.queue) == 0 && j.disk.trouble == nil {
		return j.nextSeq
	}
	return j.durable + 1
}

// delete removes the oldest segment and its index. A crash may bring either
// back, which does no harm: nobody needs the frames in it.
func (j *Journal) delete(seg *segment) bool {
	if err := j.opts.FS.Remove(seg.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.opts.Logger.Warn("a delivered segment cannot be deleted", "segment", filepath.Base(seg.path), "error", err)
		return false
	}
	if err := j.opts.FS.Remove(indexPath(seg.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.opts.Logger.Warn("the index of a deleted segment stays behind", "segment", filepath.Base(seg.path), "error", err)
	}
	j.forget(seg)
	return true
}

// forget takes a segment out of the list.
func (j *Journal) forget(seg *segment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seg.deleted = true
	for i, s := range j.segments {
		if s == seg {
			j.segments = append(j.segments[:i:i], j.segments[i+1:]...)
			return
		}
	}
}
