package search

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// candidate is a frame that may hold lines that are wanted.
type candidate struct {
	min, max int64
	seq      uint64
	offset   int64
	header   uint32
	packed   uint32
	plain    uint32
	segment  int32
}

func (c *candidate) entry() *journal.Entry {
	return &journal.Entry{Seq: c.seq, Offset: c.offset, HeaderSize: int(c.header), PackedSize: c.packed, PlainSize: c.plain, MinTime: c.min, MaxTime: c.max}
}

const (
	// partSize is how many frames of a segment are known at a time, 48 bytes
	// each: segments of a quiet node have many small ones.
	partSize = 16_000
	// maxCandidates bounds those of all segments. While so many wait, no
	// further part is opened, though it may begin earlier: the order of lines
	// may suffer, memory does not.
	maxCandidates = 3 * partSize
)

// part is what is not known yet of a segment: the frames from the offset from
// on, the earliest line of which is of min or later.
type part struct {
	segment int32
	from    int64
	min     int64
}

// frames gives the candidates of a journal in the order of their earliest
// lines. Segments are opened only when the time of their first line is
// reached, so that the first frame comes at once from a journal of any size.
type frames struct {
	reader Reader
	query  *Query
	stats  *Stats
	damage func(error)
	// partSize is partSize, or less in tests.
	partSize int

	segments []journal.Segment
	limit    []uint64 // per segment: numbers from here on were written again later
	closed   []part   // what was not opened yet, in the order of time
	known    candidateHeap

	from, end   position // where reading begins, and where it ended
	after, last uint64   // the frames from after on are new; last is the newest
}

// position is a place in the journal: a segment's name and an offset.
type position struct {
	segment string
	offset  int64
}

// in is the offset at which reading a segment begins.
func (p position) in(segment string) int64 {
	if segment == p.segment {
		return p.offset
	}
	return 0
}

// newFrames reads the list of segments. What before has read, if anything, is
// left out.
func (s *Search) newFrames(before *frames) (*frames, error) {
	segments, err := s.Reader.Segments()
	if err != nil {
		return nil, err
	}
	f := &frames{
		reader: s.Reader, query: &s.Query, stats: &s.Stats, damage: s.damaged,
		segments: segments, limit: rewritten(segments), partSize: cmp.Or(s.partSize, partSize),
	}
	if before != nil {
		f.from, f.after, f.last = before.end, before.last, before.last
	}
	f.end = f.from
	for i, seg := range segments {
		if seg.Name >= f.from.segment {
			f.closed = append(f.closed, part{int32(i), f.from.in(seg.Name), seg.MinTime})
		}
		if i == len(segments)-1 && seg.Name > f.from.segment {
			f.end = position{segment: seg.Name}
		}
	}
	slices.SortStableFunc(f.closed, part.compare)
	return f, nil
}

// rewritten says for each segment which numbers later segments hold again:
// after a failed fsync frames are written once more, and the newest counts.
func rewritten(segments []journal.Segment) []uint64 {
	limit := make([]uint64, len(segments))
	least := uint64(math.MaxUint64)
	for i := len(segments) - 1; i >= 0; i-- {
		limit[i] = least
		least = min(least, segments[i].First)
	}
	return limit
}

// next is the candidate with the earliest line, false at the end.
func (f *frames) next(ctx context.Context) (candidate, bool, error) {
	for f.mustOpen() {
		if err := f.open(ctx); err != nil {
			return candidate{}, false, err
		}
	}
	if len(f.known) == 0 {
		return candidate{}, false, nil
	}
	return heap.Pop(&f.known).(candidate), true, nil
}

// mustOpen says whether a closed part may hold the next frame.
func (f *frames) mustOpen() bool {
	if len(f.closed) == 0 || len(f.known) > maxCandidates {
		return false
	}
	return len(f.known) == 0 || f.closed[0].min <= f.known[0].min
}

// frontier is the time before which no further frame has a line.
func (f *frames) frontier() int64 {
	at := int64(math.MaxInt64)
	if len(f.known) > 0 {
		at = f.known[0].min
	}
	if len(f.closed) > 0 {
		at = min(at, f.closed[0].min)
	}
	return at
}

func (p part) compare(o part) int { return cmp.Compare(p.min, o.min) }

// open makes candidates of the frames of the earliest closed part, or closes
// the rest again if there are many.
func (f *frames) open(ctx context.Context) error {
	p := f.closed[0]
	f.closed = f.closed[1:]
	seg := f.segments[p.segment]
	if useful, err := f.mayHave(seg); !useful || err != nil {
		f.stats.SegmentsSkipped++
		return f.tolerate(err)
	}
	rest, end, err := f.list(ctx, p)
	heap.Init(&f.known)
	if rest.from > 0 {
		at, _ := slices.BinarySearchFunc(f.closed, rest, part.compare)
		f.closed = slices.Insert(f.closed, at, rest)
	}
	if seg.Name == f.end.segment {
		f.end.offset = end
	}
	return f.tolerate(err)
}

// list considers the frames of a part, as far as there is room for them.
func (f *frames) list(ctx context.Context, p part) (rest part, end int64, err error) {
	seg, full := f.segments[p.segment], len(f.known)+f.partSize
	first := p.from == f.from.in(seg.Name)
	next := p.from
	end, err = f.reader.Entries(ctx, seg, p.from, func(e *journal.Entry) error {
		if first {
			f.noteGap(seg, e, next)
			f.note(e)
		}
		next = e.End()
		switch {
		case e.Seq >= f.limit[p.segment] || e.Seq <= f.after || !f.wants(e):
		case len(f.known) < full:
			f.known = append(f.known, p.candidate(e))
		case rest.from == 0:
			rest = part{p.segment, e.Offset, e.MinTime}
		default:
			rest.min = min(rest.min, e.MinTime)
		}
		return nil
	})
	return rest, end, err
}

// note counts a frame.
func (f *frames) note(e *journal.Entry) {
	f.stats.Frames++
	f.last = max(f.last, e.Seq)
	f.stats.noteOlder(e.MinTime, f.query.Since)
	if !f.wants(e) {
		f.stats.FramesSkipped++
	}
}

// wants judges a frame by what an index says of it.
func (f *frames) wants(e *journal.Entry) bool {
	return e.Docs > 0 && f.query.overlaps(e.MinTime, e.MaxTime) && f.query.inFilter(e.Filter)
}

func (p part) candidate(e *journal.Entry) candidate {
	return candidate{
		min: e.MinTime, max: e.MaxTime, seq: e.Seq, offset: e.Offset,
		header: uint32(e.HeaderSize), packed: e.PackedSize, plain: e.PlainSize, segment: p.segment,
	}
}

// noteGap reports bytes of a segment that are no frame: a frame whose header
// is damaged. Those of a sealed segment were counted when it was sealed.
func (f *frames) noteGap(seg journal.Segment, e *journal.Entry, expected int64) {
	switch {
	case seg.Damaged > 0 && expected == 0:
		f.damage(fmt.Errorf("%d frames in %s are damaged; lines in them are missing here", seg.Damaged, seg.Name))
	case seg.Damaged == 0 && e.Offset > expected:
		f.damage(fmt.Errorf("the %d bytes before frame %d in %s are damaged; lines in them are missing here", e.Offset-expected, e.Seq, seg.Name))
	}
}

// mayHave judges a segment by what its index says of all its frames.
func (f *frames) mayHave(seg journal.Segment) (bool, error) {
	f.stats.noteOlder(seg.MinTime, f.query.Since)
	if seg.MinTime != 0 && !f.query.overlaps(seg.MinTime, seg.MaxTime) {
		return false, nil
	}
	if len(f.query.Terms) == 0 {
		return true, nil
	}
	for _, t := range f.query.Terms {
		if has, err := f.reader.MayContain(seg, t.Hash); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

// tolerate lets a search go on when retention deleted a segment meanwhile.
func (f *frames) tolerate(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		f.stats.SegmentsGone++
		return nil
	}
	return err
}

// candidateHeap has the frame with the earliest line on top.
type candidateHeap []candidate

func (h candidateHeap) Len() int      { return len(h) }
func (h candidateHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h candidateHeap) Less(i, j int) bool {
	return h[i].min < h[j].min || h[i].min == h[j].min && h[i].seq < h[j].seq
}
func (h *candidateHeap) Push(x any) { *h = append(*h, x.(candidate)) }
func (h *candidateHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}
