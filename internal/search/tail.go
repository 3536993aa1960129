package search

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// lineKey is a line's place in the order of time.
type lineKey struct {
	time int64
	seq  uint64
	at   int64
}

func (k lineKey) compare(o lineKey) int {
	return cmp.Or(cmp.Compare(k.time, o.time), cmp.Compare(k.seq, o.seq), cmp.Compare(k.at, o.at))
}

// lastKeys are the greatest keys of a container's lines, the least on top.
type lastKeys []lineKey

func (h lastKeys) Len() int           { return len(h) }
func (h lastKeys) Less(i, j int) bool { return h[i].compare(h[j]) < 0 }
func (h lastKeys) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastKeys) Push(x any)        { *h = append(*h, x.(lineKey)) }
func (h *lastKeys) Pop() any {
	old := *h
	k := old[len(old)-1]
	*h = old[:len(old)-1]
	return k
}

// maxTailKeys bounds the lines that Tail counts at a time, 24 bytes each.
const maxTailKeys = 150_000

// Tail narrows the query to the last n lines of each container. It reads the
// journal from its end and leaves out the frames whose containers have their
// lines already, so that mostly headers are read.
func (s *Search) Tail(ctx context.Context, n int) error {
	if err := s.start(); err != nil {
		return err
	}
	t := tailer{Search: s, most: n, last: map[uint64]*lastKeys{}}
	for i := len(s.frames.segments) - 1; i >= 0 && n > 0; i-- {
		if err := t.segment(ctx, int32(i)); err != nil {
			return err
		}
	}
	s.Query.first, s.Query.floor = t.first()
	s.Stats = Stats{}
	return nil
}

type tailer struct {
	*Search
	most, keys int
	last       map[uint64]*lastKeys
}

// first are the keys that the containers' output begins with, and the earliest
// of their times.
func (t *tailer) first() (first map[uint64]lineKey, floor int64) {
	first, floor = make(map[uint64]lineKey, len(t.last)), math.MaxInt64
	for origin, keys := range t.last {
		first[origin] = (*keys)[0]
		floor = min(floor, (*keys)[0].time)
	}
	return first, floor
}

// segment reads the frames of one segment, the newest lines first: part by
// part, since many small frames may be in it.
func (t *tailer) segment(ctx context.Context, i int32) error {
	starts, err := t.starts(ctx, i)
	if err != nil {
		return t.frames.tolerate(err)
	}
	for _, from := range slices.Backward(starts) {
		if err := t.part(ctx, part{segment: i, from: from}); err != nil {
			return err
		}
	}
	return nil
}

// starts are the offsets at which the parts of a segment begin.
func (t *tailer) starts(ctx context.Context, i int32) (starts []int64, err error) {
	wanted := 0
	_, err = t.Reader.Entries(ctx, t.frames.segments[i], 0, func(e *journal.Entry) error {
		if t.frames.wants(e) {
			if wanted%t.frames.partSize == 0 {
				starts = append(starts, e.Offset)
			}
			wanted++
		}
		return nil
	})
	return starts, err
}

func (t *tailer) part(ctx context.Context, p part) error {
	f := t.frames
	f.known = f.known[:0]
	if _, _, err := f.list(ctx, p); err != nil {
		return f.tolerate(err)
	}
	slices.SortFunc(f.known, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.max, a.max), cmp.Compare(b.seq, a.seq))
	})
	for _, c := range f.known {
		if err := t.frame(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// frame counts the lines of a frame if a container in it has too few.
func (t *tailer) frame(ctx context.Context, c candidate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	seg, e := t.frames.segments[c.segment], c.entry()
	m, err := t.Reader.Meta(seg, e)
	if err != nil || !t.needs(m, c.max) {
		return t.skip(seg, e, err)
	}
	return t.scan(seg, e, func(at int64, source []byte) error {
		return t.count(lineKey{seq: c.seq, at: at}, source)
	})
}

// needs says whether a frame may hold a line of a container that has too few,
// or one that is later than the least of those it has.
func (t *tailer) needs(m *frame.Meta, max int64) bool {
	for i := range m.Sources {
		at, ok := parsePathIdentity(m.Sources[i].Identity.Path)
		if !ok {
			return true
		}
		if !t.Query.Scope.includes(at.origin) {
			continue
		}
		keys := t.last[at.hash()]
		if keys == nil || len(*keys) < t.most || (*keys)[0].time <= max {
			return true
		}
	}
	return len(m.Sources) == 0
}

func (t *tailer) count(key lineKey, source []byte) error {
	if t.doc.Read(source) != nil {
		return nil
	}
	key.time = t.doc.Time()
	if !t.Query.inScope(&t.doc, key.time) || !t.Query.matches(&t.doc) {
		return nil
	}
	origin := originOf(&t.doc)
	keys, ok := t.last[origin]
	if !ok {
		keys = new(lastKeys)
		t.last[origin] = keys
	}
	return t.keep(keys, key)
}

// keep puts key among the greatest.
func (t *tailer) keep(keys *lastKeys, key lineKey) error {
	switch {
	case len(*keys) < t.most:
		heap.Push(keys, key)
		t.keys++
	case key.compare((*keys)[0]) > 0:
		(*keys)[0] = key
		heap.Fix(keys, 0)
	}
	if t.keys > cmp.Or(t.tailKeys, maxTailKeys) {
		return fmt.Errorf("the last %d lines of each of %d containers and more are too many to count in little memory: name a pod, or bound the time with --since instead", t.most, len(t.last))
	}
	return nil
}
