package tail

import (
	"errors"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// errReplaced says that the bytes before the position are not those that were
// read: the file was truncated, and maybe written again.
var errReplaced = errors.New("the file's content was replaced")

// retryAfter is how long a file that cannot be read is left alone, ns.
const retryAfter = int64(1e9)

// turn serves a chain once and reports whether b is worth looking at.
func (l *Lane) turn(c *chain, b *event.Batch) bool {
	if l.emitOver(c, b) {
		return true
	}
	files := c.current()
	for i, f := range files {
		r := l.readingOf(files, i)
		if r.file != f && r.left {
			l.vacate(f)
			continue
		}
		if r.closed {
			continue
		}
		if l.advance(r, f.isLeft(files[i+1:]), b) {
			return true
		}
		r.file.settled.Store(!l.spent)
		// Another reading may have taken the place of r.
		if now := f.reading; !now.left && !now.closed {
			break
		}
	}
	return l.expire(c, b)
}

// readingOf is the reading of files[i]. A file that turns up when a newer one
// is already being read is read beside it.
func (l *Lane) readingOf(files []*file, i int) *reading {
	f := files[i]
	if f.reading != nil {
		return f.reading
	}
	f.reading = l.newReading(f)
	for _, newer := range files[i+1:] {
		if newer.reading != nil && !newer.reading.tookPlace() {
			f.reading.putBeside()
			break
		}
	}
	return f.reading
}

func (l *Lane) newReading(f *file) *reading {
	f.chain.sequence++
	l.family(f.chain.identity).unidentified++
	return &reading{lane: l, file: f, joiner: &f.chain.joiner, sequence: f.chain.sequence}
}

// isLeft says whether something was written to a newer file, other than what was
// made of this one: then the writer has left it.
func (f *file) isLeft(newer []*file) bool {
	for _, g := range newer {
		if g.compressed == nil && g.size.Load() > 0 || g.compressed != nil && !g.isNamedAfter(f) {
			return true
		}
	}
	return false
}

// advance reads on in a file; followed says that there is a newer one with
// content, which was seen before this file is looked at.
func (l *Lane) advance(r *reading, followed bool, b *event.Batch) bool {
	r.observed, r.wall = l.now(), l.engine.opts.wall().UnixNano()
	begun := r.src == nil
	if begun {
		l.loseUnseen(r)
		r.seen = r.file.size.Load()
		known, err := l.identify(r, followed || l.isEnding(r))
		if err != nil {
			return l.fail(r, err, b)
		}
		if !known {
			return l.atEnd(r, followed, b)
		}
	}
	if l.readAgain(r, b) {
		return true
	}
	got, err := l.read(r, b)
	switch {
	case err != nil:
		return l.fail(r, err, b)
	case got == moved:
		r.file.setState(StateReading)
		return true
	case begun && r.changed:
		l.begin(b, r)
		return true
	case got == unready:
		return false
	}
	return l.atEnd(r, followed, b)
}

// progress is what came of an attempt to read.
type progress uint8

const (
	// end: there is nothing new in the file.
	end progress = iota
	// moved: the position has.
	moved
	// unready: there is something new, but not the end of its line.
	unready
)

// read takes the next chunk, if there is one.
func (l *Lane) read(r *reading, b *event.Batch) (progress, error) {
	ahead, err := r.ahead()
	if err != nil {
		return end, err
	}
	rewritten := r.file.rewritten.Swap(false) && !r.file.isGone()
	switch {
	case ahead < 0:
		return end, errReplaced
	case rewritten:
		// Loading tells whether it is the content that was read.
	case ahead == int64(r.pending):
		return end, nil
	case !r.worthReading(ahead):
		return unready, nil
	}
	l.begin(b, r)
	shrunk, unwritten := r.file.shrunk(), r.unwritten
	c, err := r.load(b)
	if err != nil {
		if rewritten {
			r.file.rewritten.Store(true)
		}
		return end, err
	}
	r.settleShrunk(shrunk, unwritten)
	read := len(b.Data)
	switch {
	case r.consumed(b, c, read, r.split(b, c)), r.stopped:
		return moved, nil
	case c.full:
		l.enqueue(r.file.chain)
		return unready, nil
	}
	return end, nil
}

// ahead is how much of the file is known to be behind the position.
func (r *reading) ahead() (int64, error) {
	if r.file.compressed != nil {
		return r.file.compressed.ahead(r), nil
	}
	if r.seen = r.file.size.Load(); r.seen-r.offset > int64(r.pending) {
		return r.seen - r.offset, nil
	}
	err := r.file.remeasure()
	r.seen = r.file.size.Load()
	return r.seen - r.offset, err
}

// worthReading keeps a long line that grows by little from being read anew
// for every bit of it: it waits for an eighth more, or a quarter of a second.
func (r *reading) worthReading(ahead int64) bool {
	grown := ahead - int64(r.pending)
	waited := r.observed - r.pendingSince
	if r.full || grown*8 >= int64(r.pending) || waited >= int64(250e6) || waited < 0 {
		return true
	}
	r.file.wake(r.pendingSince + int64(250e6))
	return false
}

// atEnd is what happens at the end of a file: reading goes on in the next one,
// or ends when nothing more can come.
func (l *Lane) atEnd(r *reading, followed bool, b *event.Batch) bool {
	if (followed || l.isEnding(r)) && r.file.comesBack() {
		// What was written last is known only of an open file.
		return false
	}
	if followed && !r.left {
		l.leave(r)
		return false
	}
	if l.mayGrow(r) {
		r.file.setState(restState(r))
		return false
	}
	if !l.isEnding(r) || l.holds(r) {
		l.letInflater(r.file)
		r.file.setState(restState(r))
		return false
	}
	if due := r.ending + r.grace(); r.observed < due {
		r.file.wake(due)
		r.file.setState(StateDraining)
		return false
	}
	if !r.left && r.hasSuccessor() && l.waits(r) {
		return false
	}
	return l.finish(r, b)
}

// grace is for how long late writes are waited for: a compressed file gets
// none, ns.
func (r *reading) grace() int64 {
	if r.file.compressed != nil {
		return 0
	}
	return int64(r.lane.engine.opts.Grace)
}

// restState is the state of a file that has nothing to read now.
func restState(r *reading) State {
	if r.src == nil {
		return StateWaiting
	}
	return StateIdle
}

// isEnding says whether nothing more is expected in the file, and since when.
func (l *Lane) isEnding(r *reading) bool {
	if !r.left && !r.isWhole() && !r.file.unlinked.Load() && !r.file.chain.superseded.Load() {
		r.ending = 0
		return false
	}
	// A clock that was set back begins the wait anew.
	if r.ending == 0 || r.observed < r.ending {
		r.ending = r.observed
	}
	return true
}

// isWhole says whether a file is compressed and has no record that goes on in
// a newer file: then it is final.
func (r *reading) isWhole() bool {
	if r.file.compressed == nil {
		return false
	}
	return !r.joiner.isOpen()
}

// holds says whether an open record of the chain can only be emitted as one of
// r's: until a newer file has added to it.
func (l *Lane) holds(r *reading) bool {
	c := r.file.chain
	if !r.left || (r.file.unlinked.Load() || c.superseded.Load()) && !r.hasSuccessor() {
		return false
	}
	for i := range c.joiner.streams {
		if c.joiner.streams[i].isIn(r) {
			return true
		}
	}
	return false
}

// leave goes on in the next file. Open records go with the chain; what is
// still written here is joined by itself.
func (l *Lane) leave(r *reading) {
	r.left, r.ending = true, r.observed
	for i := range r.leaving {
		s := &r.file.chain.joiner.streams[i]
		if s.isOpen() {
			s.leave(r)
		} else {
			r.leaving[i] = s.mode
		}
	}
	r.joiner = &joiner{}
	r.file.wake(r.ending + int64(l.engine.opts.Grace))
}

// finish ends the reading of a file for good: what is unfinished is a record.
func (l *Lane) finish(r *reading, b *event.Batch) bool {
	if r.src == nil {
		if l.flushOlder(r, b) {
			return true
		}
		l.sayDamage(r)
		l.close(r)
		return false
	}
	if l.emitEarlier(r, b) {
		return true
	}
	l.begin(b, r)
	if err := l.takePending(r, b); err != nil {
		return l.fail(r, err, b)
	}
	l.flush(r, b)
	l.sayDamage(r)
	l.close(r)
	return true
}

// flush emits the open records that can get no more pieces, as records of r: its
// own, and those that it was left with.
func (l *Lane) flush(r *reading, b *event.Batch) {
	for i := range r.joiner.streams {
		s := &r.joiner.streams[i]
		s.flush(r, b)
		if s.mode == frame.ModeOpen && !s.hasRecord() {
			s.in = r
			s.emit(b, 0, frame.ModeNormal)
		}
	}
	for i := range r.file.chain.joiner.streams {
		r.file.chain.joiner.streams[i].flush(r, b)
	}
}

// flush emits what ends in r. A record of an older file stays, and with it what
// was read of its next line there.
func (s *stream) flush(r *reading, b *event.Batch) {
	if s.mode == frame.ModeOpen && s.in == r {
		s.endLine(b)
	}
	s.flushRecord(r, b)
	if s.mode == frame.ModeOpen && s.in == r && !s.hasRecord() {
		s.emit(b, 0, frame.ModeNormal)
	}
}

// flushRecord emits a record of whole lines that ends in r.
func (s *stream) flushRecord(r *reading, b *event.Batch) {
	if s.hasRecord() && s.record.in == r {
		s.emitRecord(b)
	}
}

// flushOlder emits an open record that r, in which nothing was ever written,
// could have gone on with, as a record of the file that its last piece is in.
func (l *Lane) flushOlder(r *reading, b *event.Batch) bool {
	for i := range r.joiner.streams {
		s := &r.joiner.streams[i]
		switch {
		case s.hasRecord():
			s.endLine(b)
			l.begin(b, s.record.in)
			s.emitRecord(b)
		case s.isOpen():
			l.begin(b, s.in)
			s.emit(b, 0, frame.ModeNormal)
		default:
			continue
		}
		return true
	}
	return false
}

// close ends a reading. Its state goes into a frame once more.
func (l *Lane) close(r *reading) {
	r.closed, r.left = true, true
	deleted := r.file.unlinked.Load()
	r.gone = r.lost || deleted
	l.endDetour(r)
	l.letInflater(r.file)
	if r.file.chain.joiner.isOpen() {
		// An older file may have waited for a piece in r.
		l.enqueue(r.file.chain)
	}
	if r.src != nil {
		l.moved(r)
		l.family(r.file.chain.identity).release(r.known, r.state())
		l.closing = append(l.closing, r)
	} else {
		l.family(r.file.chain.identity).unidentified--
	}
	if r.file.reading == r {
		r.file.end(max(r.seen, r.offset), deleted)
	}
}
