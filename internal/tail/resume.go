package tail

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// resume puts the reading where the known content was consumed up to, or
// where a new one begins.
func (l *Lane) resume(r *reading, k *known) error {
	if k.fresh {
		return r.begin()
	}
	r.offset, r.tail, r.line = k.Offset, k.Tail, k.Line
	r.file.offset.Store(r.offset)
	return r.rejoin(k)
}

// begin starts a content of which nothing was read.
func (r *reading) begin() error {
	r.tail = emptyTail
	// The identity and the start must survive a restart, even if nothing is
	// read for long.
	r.lane.moved(r)
	start := &r.file.target.Start
	switch {
	case !r.file.initial:
	case start.End:
		return r.skipTo(r.file.size.Load())
	case !start.Since.IsZero() && r.file.target.Decoder == CRI:
		r.before = start.Since.UnixNano()
	case !start.Since.IsZero() && r.file.modified < start.Since.UnixNano():
		return r.skipTo(r.file.size.Load())
	}
	return nil
}

// skipTo puts the position behind the last line that ends before size.
func (r *reading) skipTo(size int64) error {
	end, err := r.lastLineEnd(size)
	if err != nil {
		return err
	}
	n := int(min(end, tailSize))
	if _, err := r.file.pread(r.lane.scratch[:n], end-int64(n)); err != nil {
		return err
	}
	r.tail = xxh3.Hash(r.lane.scratch[:n])
	r.offset = end
	r.file.offset.Store(end)
	return nil
}

// lastLineEnd looks backwards for a newline.
func (r *reading) lastLineEnd(size int64) (int64, error) {
	for end := size; end > 0; {
		n := int(min(end, int64(len(r.lane.scratch))))
		if _, err := r.file.pread(r.lane.scratch[:n], end-int64(n)); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(r.lane.scratch[:n], '\n'); i >= 0 {
			return end - int64(n) + int64(i) + 1, nil
		}
		end -= int64(n)
	}
	return 0, nil
}

// rejoin reads the pieces of open records again: those are the only bytes
// before the position that no frame contains.
func (r *reading) rejoin(k *known) error {
	from := k.Offset
	for i := range k.Streams {
		s, state := &r.joiner.streams[i], &k.Streams[i]
		switch {
		case state.Mode != frame.ModeOpen:
			s.reset(r.lane, state.Mode)
		case state.Open < from:
			from = state.Open
		}
	}
	return r.rescan(k, from)
}

// rescan goes over the lines between from and the position.
func (r *reading) rescan(k *known, from int64) error {
	var buf []byte
	for size := r.lane.engine.opts.Budget; from < k.Offset; {
		want := int(min(int64(size), k.Offset-from))
		if cap(buf) < want {
			buf = make([]byte, want)
		}
		n, err := r.file.pread(buf[:want], from)
		if err != nil || n < want {
			return err
		}
		used := r.rescanLines(k, buf[:n], from)
		if used == 0 && int64(want) == k.Offset-from {
			// The rest is the beginning of a line that was cut.
			return nil
		}
		if used == 0 {
			size *= 2
		}
		from += int64(used)
	}
	return nil
}

func (r *reading) rescanLines(k *known, p []byte, base int64) int {
	at := 0
	for {
		n := bytes.IndexByte(p[at:], '\n')
		if n < 0 {
			return at
		}
		r.rescanLine(k, p[at:at+n], base+int64(at))
		at += n + 1
	}
}

// rescanLine takes a line in only if it is a piece of an open record.
func (r *reading) rescanLine(k *known, line []byte, start int64) {
	var l cri.Line
	if !r.parser.Parse(line, &l) {
		return
	}
	state := &k.Streams[l.Stream]
	if state.Mode != frame.ModeOpen || start < state.Open {
		return
	}
	p := piece{Line: l, line: line, start: start, end: start + int64(len(line))}
	r.joiner.streams[l.Stream].add(r, &p, r.lane.now())
}
