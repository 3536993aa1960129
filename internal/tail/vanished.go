package tail

import (
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// settle accounts for files that the journal knows and that were not found
// again: what was unread of them when they were measured last is lost. It
// waits for those whose path has a file that is not identified yet.
func (l *Lane) settle() {
	waiting, unbegun := false, l.unbegun()
	for _, s := range l.engine.opts.Positions.Entries() {
		if s.Final || !s.Identity.OfFile() || l.engine.laneOf(s.Identity.Path) != l {
			continue
		}
		fam := l.family(s.Identity.Path)
		k := fam.find(s.ID)
		switch {
		case k == nil || k.met || k.missed:
		case fam.unidentified > 0 || unbegun[s.Identity.Path]:
			waiting = true
		default:
			k.missed = true
			l.miss(k)
		}
	}
	l.settled = !waiting
}

// unbegun are the path identities with files whose turn has not come yet: they
// may be what is missed.
func (l *Lane) unbegun() map[string]bool {
	all := make(map[string]bool)
	l.engine.mu.Lock()
	defer l.engine.mu.Unlock()
	for _, c := range l.engine.chains {
		if c.lane != l {
			continue
		}
		for _, f := range c.current() {
			if f.reading == nil {
				all[c.identity] = true
			}
		}
	}
	return all
}

// miss records the loss, or only that the file is absent when nothing is lost.
// The class that the file had is not known any more.
func (l *Lane) miss(k *known) {
	lost := max(k.Size, k.Offset) - k.firstOpen()
	if lost > 0 && l.engine.excludedBy(k.Identity.Path) != "" {
		l.pass(k)
		return
	}
	if lost <= 0 {
		l.engine.opts.Positions.Present(k.ID, false)
		return
	}
	l.engine.opts.Logger.Warn("a log file is gone that was not read to its end when the agent stopped; "+
		"what was known to be unread is counted as lost", "path", quote(k.Path), "lost_bytes", lost)
	s := k.Source
	s.Counts, s.Final = event.Counts{LostBytes: uint64(lost)}, true
	l.tell(s)
}

// tell has a state recorded of a content that nobody reads.
func (l *Lane) tell(s frame.Source) {
	l.vanished = append(l.vanished, s)
	l.unsaid = append(l.unsaid, &event.Source{
		ID: s.ID, Identity: s.Identity, Path: s.Path, Namespace: s.Namespace, Class: DefaultClass,
	})
}

// firstOpen is the first byte that no frame contains.
func (k *known) firstOpen() int64 {
	first := k.Offset
	for _, s := range k.Streams {
		if s.Mode == frame.ModeOpen {
			first = min(first, s.Open)
		}
	}
	return first
}

// account settles when it is time, and makes b an empty batch of a vanished
// file so that its loss is recorded.
func (l *Lane) account(b *event.Batch) bool {
	if l.unsettled.Swap(false) && !l.settled {
		l.settle()
	}
	if len(l.unsaid) == 0 {
		return false
	}
	src := l.unsaid[0]
	l.unsaid = l.unsaid[1:]
	l.begin(b, &reading{src: src, awake: true})
	l.closing = append(l.closing, &reading{src: src, opened: true})
	return true
}
