package tail

import (
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// state is what a restart needs to go on with the content, without counts.
func (r *reading) state() frame.Source {
	s := frame.Source{
		ID: r.src.ID, Identity: r.src.Identity,
		Path: *r.file.path.Load(), Dev: r.file.dev, Ino: r.file.ino,
		Namespace: r.src.Namespace,
		Offset:    r.offset, Tail: r.tail, Size: r.offset,
		Line:  r.line,
		Final: r.closed && r.gone,
	}
	if !r.lost && !r.dismissed {
		s.Size = max(r.offset, r.file.size.Load()-r.unwritten)
	}
	for i := range s.Streams {
		s.Streams[i] = r.streamState(event.Stream(i))
		// The pieces of an open record are in no frame: with their file gone, a
		// restart must count them as lost.
		s.Final = s.Final && s.Streams[i].Mode != frame.ModeOpen
	}
	return s
}

// streamState says how the records of a stream go on behind the position. Of a
// record that is open, a file may have pieces or none.
func (r *reading) streamState(which event.Stream) frame.StreamState {
	own, s := &r.joiner.streams[which], &r.file.chain.joiner.streams[which]
	first := s.firstIn(r)
	switch {
	case own.isOpen() && own.oldest().from == r:
		return frame.StreamState{Mode: frame.ModeOpen, Open: own.oldest().start}
	case r.beside && s.passed(r):
		return frame.StreamState{Mode: frame.ModeOpen, Open: r.offset}
	case r.beside:
		return frame.StreamState{Mode: own.mode}
	case s.isOpen() && first >= 0:
		return frame.StreamState{Mode: frame.ModeOpen, Open: first}
	case s.isOpen() && s.oldest().from.sequence < r.sequence:
		return frame.StreamState{Mode: frame.ModeOpen, Open: r.offset}
	case s.isOpen():
		return frame.StreamState{}
	case r.left:
		return frame.StreamState{Mode: r.leaving[which]}
	default:
		return frame.StreamState{Mode: s.mode}
	}
}
