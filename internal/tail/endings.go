package tail

import (
	"errors"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// expire emits what nothing was added to for long. What comes late is a
// record of its own then.
func (l *Lane) expire(c *chain, b *event.Batch) bool {
	silence := int64(l.engine.opts.Silence)
	if silence == 0 {
		return false
	}
	for i := range c.joiner.streams {
		s := &c.joiner.streams[i]
		if s.hasRecord() && l.isDue(s.record, s.silence()) {
			l.begin(b, s.record.in)
			s.emitRecord(b)
			return true
		}
		if s.mode == frame.ModeOpen && l.isDue(s.pieces, silence) {
			l.begin(b, s.in)
			s.emit(b, 0, frame.ModeRest)
			return true
		}
	}
	return l.expireLine(c, b, silence)
}

// isDue says whether nothing was added for so long, and if not, has the lane look
// again when it is.
func (l *Lane) isDue(p *pieces, silence int64) bool {
	due := p.last + silence
	if l.now() < due {
		p.in.file.wake(due)
		return false
	}
	return true
}

// expireLine does so for a line without a newline.
func (l *Lane) expireLine(c *chain, b *event.Batch, silence int64) bool {
	for _, f := range c.current() {
		r := f.reading
		if r == nil || r.closed || r.src == nil || r.pending == 0 {
			continue
		}
		if due := r.pendingSince + silence; l.now() < due {
			f.wake(due)
			continue
		}
		l.begin(b, r)
		if err := l.takePending(r, b); err != nil {
			return l.fail(r, err, b)
		}
		return true
	}
	return false
}

// takePending makes a record of an unfinished line. What comes behind it is a
// record of its own.
func (l *Lane) takePending(r *reading, b *event.Batch) error {
	if r.pending == 0 || r.line == frame.ModeSkip {
		return nil
	}
	c, err := r.load(b)
	if err != nil {
		return err
	}
	// A newline that has come in between is split off as usual.
	read, at := len(b.Data), r.split(b, c)
	if at < read && len(b.Records) < maxRecords {
		r.addPending(&window{b, b.Data[:read], r.offset - int64(c.proof)}, at)
		r.line, at = frame.ModeRest, read
	}
	r.consumed(b, c, read, at)
	return nil
}

// addPending adds the piece of a line that is there. A piece of a container's
// line that is not its last is joined to the others, as far as they came.
func (r *reading) addPending(w *window, at int) {
	if r.line == frame.ModeRest {
		r.addRaw(w, at, len(w.data), event.Continuation)
		return
	}
	r.addLine(w, at, len(w.data), 0)
	r.keepTentative(w.batch)
	if r.file.target.Decoder == Container {
		r.restOf(w.batch, w.data[at:])
		return
	}
	r.joiner.streams[event.StreamNone].flushRecord(r, w.batch)
}

// restOf emits the record that an unfinished piece belongs to: more of the
// line would be no piece that can be recognised.
func (r *reading) restOf(b *event.Batch, line []byte) {
	var p piece
	if !r.unwrap(line, &p) {
		return
	}
	s := &r.joiner.streams[p.Stream]
	s.flushRecord(r, b)
	if s.mode == frame.ModeOpen {
		s.emit(b, 0, frame.ModeRest)
	}
}

// abandon accounts for a file that was closed before it was read.
func (l *Lane) abandon(r *reading, b *event.Batch) bool {
	switch made, err := l.compression(r); {
	case err != nil:
		return l.fail(r, err, b)
	case made != nil && r.src != nil && r.unjoined == 0:
		l.moveTo(r, made)
		l.begin(b, r)
		return true
	case made != nil:
		l.beginAgain(r, made)
		return false
	}
	if r.src == nil {
		// What can be known is in the saved head; the file itself is closed.
		_, _ = l.identify(r, true)
	}
	if l.emitEarlier(r, b) {
		return true
	}
	lost, err := l.lostWith(r)
	if err != nil {
		return l.fail(r, err, b)
	}
	if lost == 0 && l.waits(r) {
		return false
	}
	if r.src != nil {
		l.forget(absence{identity: r.file.chain.identity, id: r.src.ID})
	}
	return l.lose(r, lost, b)
}

// lostWith is how much is lost with a file that was given up. The error is that it
// is too early to tell.
func (l *Lane) lostWith(r *reading) (int64, error) {
	if !r.file.shrunk().happened {
		return r.file.size.Load() - r.offset + r.unjoined, nil
	}
	// What was written after it was truncated is another content, which may be in
	// a compressed file.
	made, err := l.compression(&reading{lane: l, file: r.file})
	if err != nil {
		return 0, err
	}
	c := r.file.takeCut()
	lost := c.size - r.offset + c.more + r.unjoined
	if made == nil {
		lost += r.file.size.Load()
	}
	return lost, nil
}

// waits leaves a file in which nothing more can be read for the newer ones, and
// says whether a record of it may go on in them.
func (l *Lane) waits(r *reading) bool {
	if !r.left {
		l.leave(r)
	}
	return l.holds(r)
}

// lose ends a reading whose rest is gone.
func (l *Lane) lose(r *reading, bytes int64, b *event.Batch) bool {
	if r.src == nil {
		l.engine.gaps.add(bytes)
		l.close(r)
		return false
	}
	l.begin(b, r)
	r.src.Counts.LostBytes += uint64(max(0, bytes))
	l.flush(r, b)
	r.lost = true
	l.close(r)
	return true
}

// loseUnseen counts content that was truncated away before a line of it was
// seen. What the journal knows to have been in the inode is accounted for when
// the lane settles.
func (l *Lane) loseUnseen(r *reading) {
	c := r.file.takeCut()
	if !c.happened {
		return
	}
	recorded := int64(0)
	for _, k := range l.family(r.file.chain.identity).known {
		if !k.met && !k.Final && k.Ino == r.file.ino && k.Dev == r.file.dev {
			recorded = max(recorded, k.Size, k.Offset)
		}
	}
	l.engine.gaps.add(c.size + c.more - recorded)
}

// fail deals with a file that cannot be read on.
func (l *Lane) fail(r *reading, err error, b *event.Batch) bool {
	switch {
	case errors.Is(err, errResting):
		return false
	case isDelay(err):
		l.spent = l.spent || l.delay(r, err)
		return false
	case errors.Is(err, errReplaced) && r.file.compressed != nil:
		return l.failInflated(r, b)
	case errors.Is(err, errReplaced):
		return l.replace(r, b)
	case err == errCopy:
		l.stepAside(r)
		return false
	case errors.Is(err, errClosed):
		// Either the file was given up, or deleted while it rested, or the engine
		// stops.
		return r.file.abandoned.Load() && l.abandon(r, b)
	}
	if reason := err.Error(); r.failed != reason {
		r.failed = reason
		r.file.failure.Store(&reason)
		l.engine.opts.Logger.Warn("cannot read a log file; it is tried again every second",
			"path", quote(*r.file.path.Load()), "error", err)
	}
	r.file.setState(StateFailed)
	r.file.wake(r.observed + retryAfter)
	return false
}

// replace ends the reading of a content that was truncated away, and begins
// with what is there instead.
func (l *Lane) replace(r *reading, b *event.Batch) bool {
	f := r.file
	if l.emitEarlier(r, b) {
		f.rewritten.Store(true)
		return true
	}
	c := f.takeCut()
	// An unfinished line was seen to be there, whatever is there instead.
	lost := max(int64(r.pending), c.kept-r.offset)
	if c.happened {
		lost = max(0, c.size-r.offset) + c.more
	}
	next := l.newReading(f)
	next.generation = 1
	if r.src != nil {
		next.generation = r.src.Identity.Generation + 1
		r.known.ended = true
		lost = l.lessCopied(r, lost)
		l.truncate(r)
	}
	if r.left {
		next.putBeside()
	}
	f.reading = next
	l.enqueue(f.chain)
	f.offset.Store(0)
	f.source.Store(nil)
	l.engine.opts.Logger.Info("a log file was truncated; its new content is read from the beginning",
		"path", quote(*f.path.Load()), "lost_bytes", lost)
	return l.lose(r, lost, b)
}
