package tail

import (
	"errors"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// detour reads a range of a file once more, beside the file's own reading. Its
// records are the same source's; its bytes are not counted twice.
type detour struct {
	reading
	to frame.Source
}

// readAgain goes on with what is to be read once more of a file, and reports
// false when there is nothing.
func (l *Lane) readAgain(r *reading, b *event.Batch) bool {
	if r.detour == nil {
		m, ok := l.engine.again.take(r.src.ID)
		if !ok || m.To.Offset > r.offset {
			// What is ahead is read anyway.
			return false
		}
		r.detour = r.newDetour(m.To)
		switch err := r.detour.enter(&m.From); {
		case isDelay(err):
			r.detour = nil
			l.engine.again.add(m)
			l.begin(b, r)
			return true
		case err != nil:
			l.failDetour(r, err)
			if errors.Is(err, errResting) {
				l.engine.again.add(m)
			}
			return false
		}
	}
	l.begin(b, r)
	b.MaybeSeen = true
	if err := r.detour.step(b); errors.Is(err, errResting) {
		return false
	} else if isDelay(err) {
		return true
	} else if err != nil {
		l.failDetour(r, err)
	} else if r.detour.offset == r.detour.to.Offset {
		r.detour.emitOpen(b)
		l.endDetour(r)
	}
	return true
}

func (r *reading) newDetour(to frame.Source) *detour {
	return &detour{to: to, reading: reading{
		lane: r.lane, file: r.file, src: r.src, joiner: &joiner{}, main: r,
		observed: r.observed, joins: r.joins, language: r.language, until: &to,
	}}
}

// enter goes to the beginning of the range, when the file still has the bytes
// before its end.
func (d *detour) enter(from *frame.Source) error {
	same, err := d.continues(&d.to)
	if err != nil {
		return err
	}
	if !same {
		return errReplaced
	}
	if from.Offset == 0 {
		if err := d.findHole(); err != nil {
			return err
		}
		return d.goTo(d.hole)
	}
	return d.resume(from)
}

// step reads the next chunk of the range.
func (d *detour) step(b *event.Batch) error {
	d.observed, d.wall = d.main.observed, d.main.wall
	c, err := d.load(b)
	if err != nil {
		return err
	}
	end := c.proof + int(d.to.Offset-d.offset)
	last := len(b.Data) >= end
	if last {
		b.Data = b.Data[:end]
	}
	read, at := len(b.Data), d.split(b, c)
	if last && at < read && len(b.Records) < maxRecords {
		d.addCut(&window{b, b.Data[:read], d.offset - int64(c.proof)}, at)
		at = read
	}
	if !d.consumed(b, c, read, at) && !c.full && !last {
		return errReplaced
	}
	return nil
}

// addCut makes a record of a line that the range ends in, if that was done
// before: after a silence, or since it passes the cap.
func (d *detour) addCut(w *window, at int) {
	switch {
	case d.to.Line == frame.ModeRest:
		d.addPending(w, at)
	case d.to.Line == frame.ModeSkip && d.line == frame.ModeNormal:
		d.addLine(w, at, min(len(w.data), at+d.maxLine()), event.Truncated)
	}
}

// emitOpen makes records of what was open at the end of the range and was
// recorded all the same, after a silence or at the end of the file. Else the
// record is in a later frame.
func (d *detour) emitOpen(b *event.Batch) {
	for i := range d.joiner.streams {
		s := &d.joiner.streams[i]
		if to := d.to.Streams[i]; s.hasRecord() && (to.Mode != frame.ModeOpen || s.record.start < to.Open) {
			s.emitRecord(b)
		}
		if s.mode == frame.ModeOpen && (d.to.Final || d.to.Streams[i].Mode == frame.ModeRest) {
			s.emit(b, 0, frame.ModeNormal)
		}
	}
}

// failDetour gives a range up; its lines were counted as lost when the frame
// was found damaged.
func (l *Lane) failDetour(r *reading, err error) {
	if !errors.Is(err, errClosed) && !errors.Is(err, errResting) {
		l.engine.opts.Logger.Error("a range of a log file cannot be read again; its lines stay lost",
			"path", quote(*r.file.path.Load()), "to", r.detour.to.Offset, "error", err)
	}
	l.endDetour(r)
}

// endDetour gives back what the detour holds, if there is one.
func (l *Lane) endDetour(r *reading) {
	if r.detour == nil {
		return
	}
	for i := range r.detour.joiner.streams {
		r.detour.joiner.streams[i].reset(l, frame.ModeNormal)
	}
	r.detour = nil
}
