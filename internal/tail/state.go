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
		Offset:    r.offset, Tail: r.tail, Size: max(r.offset, r.file.size.Load()),
		Line:  r.line,
		Final: r.closed && r.gone,
	}
	for i := range s.Streams {
		s.Streams[i] = r.streamState(event.Stream(i))
	}
	return s
}

// streamState says how the records of a stream go on behind the position. A
// record that is open begins in this file, or comes from an older one and
// goes on from this file's first byte.
func (r *reading) streamState(which event.Stream) frame.StreamState {
	if own := &r.joiner.streams[which]; own.isOpen() && own.from == r {
		return frame.StreamState{Mode: frame.ModeOpen, Open: own.start}
	}
	s := &r.file.chain.joiner.streams[which]
	switch {
	case s.isOpen() && s.from == r:
		return frame.StreamState{Mode: frame.ModeOpen, Open: s.start}
	case s.isOpen() && s.from.sequence < r.sequence:
		return frame.StreamState{Mode: frame.ModeOpen}
	case s.isOpen():
		return frame.StreamState{}
	case r.left:
		return frame.StreamState{Mode: r.leaving[which]}
	default:
		return frame.StreamState{Mode: s.mode}
	}
}
