package tail

import (
	"bytes"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/internal/tail/inflate"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// isDelay says that nothing is wrong but that the work on a compressed file
// goes on in a later turn.
func isDelay(err error) bool { return err == inflate.ErrBehind || err == errQueued }

// delay has the work gone on with as soon as it can be, and reports whether
// that is at once.
func (l *Lane) delay(r *reading, err error) bool {
	if err == errQueued {
		return false
	}
	r.file.setState(StateReading)
	l.enqueue(r.file.chain)
	return true
}

// wasLeft says whether a content was read since the start, from this file or from
// the one that was compressed, and its records carried on into newer files then.
func (r *reading) wasLeft(k *known) bool {
	if r.file.compressed != nil {
		return !r.file.initial && (k.met || k.Final)
	}
	files := r.file.chain.current()
	return k.met && r.file != files[len(files)-1]
}

// isNamedAfter says whether a compressed file has the name of another, and so
// its content.
func (f *file) isNamedAfter(g *file) bool { return isCompressionOf(*f.path.Load(), *g.path.Load()) }

// hasSuccessor says whether a record may go on in a newer file.
func (r *reading) hasSuccessor() bool {
	files := r.file.chain.current()
	return slices.ContainsFunc(files[slices.Index(files, r.file)+1:], func(f *file) bool {
		return f.reading == nil || !f.reading.beside && !f.reading.closed
	})
}

// compression finds the file that was made of one that is gone. The error is
// that it is too early to tell.
func (l *Lane) compression(r *reading) (*file, error) {
	for _, f := range r.file.chain.current() {
		if f.compressed == nil || f.done.Load() || f.reading != nil && f.reading.src != nil {
			continue
		}
		made, err := l.isMadeOf(f, r)
		if isDelay(err) || err == errResting {
			return nil, err
		}
		if made && err == nil {
			return f, nil
		}
	}
	return nil, nil
}

// isMadeOf compares a compressed file with what was read of another. Of one
// that nobody has seen a line of, only the size is known.
func (l *Lane) isMadeOf(f *file, r *reading) (bool, error) {
	head, err := l.inflatedHead(f)
	switch {
	case err != nil || head == nil:
		return false, err
	case r.src == nil && r.file.head == nil:
		return f.compressed.announced == r.file.size.Load(), nil
	case r.src == nil:
		return bytes.Equal(head, r.file.head), nil
	case r.src.Identity.Head != xxh3.Hash128(head).Bytes():
		return false, nil
	}
	copied := &reading{lane: l, file: f}
	return copied.continuesInflated(&frame.Source{Offset: r.offset, Tail: r.tail})
}

// moveTo has a reading go on in the file that was made of its own. It keeps its
// place in the chain until it is left: the files that come next may have been
// deleted, too, and then stand before the one that it goes on in.
func (l *Lane) moveTo(r *reading, f *file) {
	l.endDetour(r)
	l.replaceBy(r, f)
	f.reading, r.file, r.handedOver = r, f, true
	f.source.Store(r.src)
	f.offset.Store(r.offset)
	r.pending, r.full, r.ending = 0, false, 0
	l.moved(r)
}

// tookPlace says that a reading was left that had the place of an older file
// than its own: files in between come behind it.
func (r *reading) tookPlace() bool { return r.handedOver && r.left }

// vacate ends the place in the chain that a file kept for its reading.
func (l *Lane) vacate(f *file) {
	f.reading = &reading{lane: l, file: f, closed: true, left: true}
	f.end(f.size.Load(), f.unlinked.Load())
}

// beginAgain ends a reading in which nothing was read, and has the file that was
// made of its own read in its place, from where that was known to be read to.
func (l *Lane) beginAgain(r *reading, f *file) {
	old := r.file
	l.replaceBy(r, f)
	next := l.newReading(f)
	next.sequence, next.handedOver = r.sequence, true
	if r.left {
		next.putBeside()
	}
	old.reading, f.reading = next, next
	l.giveBack(r)
	l.enqueue(f.chain)
}

// replaceBy ends the part of a file whose reading goes on in the one that was
// made of it: what is unread is there.
func (l *Lane) replaceBy(r *reading, f *file) {
	if f.reading != nil {
		l.family(f.chain.identity).unidentified--
	}
	r.file.offset.Store(r.file.size.Load())
	r.file.setState(StateDone)
}

// giveBack ends a reading in which nothing was read, so that another can have its
// content.
func (l *Lane) giveBack(r *reading) {
	if k := r.known; k != nil {
		l.closing = append(l.closing, &reading{src: r.src, opened: r.opened})
		l.unrecorded = slices.DeleteFunc(l.unrecorded, func(o *reading) bool { return o == r })
		k.by, k.met = nil, false
		r.known, r.src = nil, nil
		r.file.source.Store(nil)
		l.family(r.file.chain.identity).unidentified++
	}
	l.close(r)
}
