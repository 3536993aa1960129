package search

import "container/heap"

// Line is a document on its way to the screen.
type Line struct {
	// Time is the event's, ns since the Unix epoch; Seq the frame's number and
	// At the document's place in it: among equal times, they keep the order in
	// which lines were read.
	Time int64
	Seq  uint64
	At   int64
	// Match is false for a line that is only context of others.
	Match bool
	// Origin tells containers apart, when context is wanted.
	Origin uint64
	// Kept is what Query.Keep made of the document.
	Kept []byte
}

func (l *Line) before(o *Line) bool {
	switch {
	case l.Time != o.Time:
		return l.Time < o.Time
	case l.Seq != o.Seq:
		return l.Seq < o.Seq
	}
	return l.At < o.At
}

// waitLimit is how many bytes of lines wait for earlier ones. Frames of one
// lane overlap by less than a second; only where many lines of frames that
// overlap by more are wanted is the limit reached, and order lost.
const waitLimit = 3 << 20

// lineOverhead is what a waiting line takes besides what is kept of it.
const lineOverhead = 96

// order puts lines into the order of time. Its lines are used again.
type order struct {
	waiting lineHeap
	bytes   int
	free    []*Line
	last    int64 // time of the line given last
	late    int   // lines given behind a later one
}

// line is an empty one to fill and add.
func (o *order) line() *Line {
	if n := len(o.free); n > 0 {
		l := o.free[n-1]
		o.free = o.free[:n-1]
		return l
	}
	return new(Line)
}

func (o *order) add(l *Line) {
	o.bytes += cap(l.Kept) + lineOverhead
	heap.Push(&o.waiting, l)
}

// ready is the earliest line, if it is certain that no earlier one comes
// (all to come are at or behind before) or if too much waits. It belongs to
// the caller until given back by done.
func (o *order) ready(before int64) *Line {
	if len(o.waiting) == 0 || o.waiting[0].Time >= before && o.bytes <= waitLimit {
		return nil
	}
	l := heap.Pop(&o.waiting).(*Line)
	o.bytes -= cap(l.Kept) + lineOverhead
	if l.Time < o.last {
		o.late++
	}
	o.last = max(o.last, l.Time)
	return l
}

// maxFree bounds what is kept for further lines, and maxKept each of them.
const (
	maxFree = 1024
	maxKept = 4 << 10
)

func (o *order) done(l *Line) {
	if len(o.free) >= maxFree || cap(l.Kept) > maxKept {
		return
	}
	*l = Line{Kept: l.Kept[:0]}
	o.free = append(o.free, l)
}

// lineHeap has the earliest line on top.
type lineHeap []*Line

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, j int) bool { return h[i].before(h[j]) }
func (h lineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lineHeap) Push(x any)        { *h = append(*h, x.(*Line)) }
func (h *lineHeap) Pop() any {
	old := *h
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return l
}
