package gather

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/tailrace/tailrace/internal/search"
)

// merge puts the lines of feeds into the order of time.
type merge struct {
	mu      sync.Mutex
	changed *sync.Cond
	feeds   []*feed
}

func newMerge(feeds int) *merge {
	m := &merge{feeds: make([]*feed, 0, feeds)}
	m.changed = sync.NewCond(&m.mu)
	return m
}

// wake has run look at its context.
func (m *merge) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed.Broadcast()
}

// run gives the sink every line in turn.
func (m *merge) run(ctx context.Context, sink Sink, window int) error {
	for {
		f, l, err := m.next(ctx, sink, window)
		if f == nil || err != nil {
			return errors.Join(err, sink.Flush())
		}
		err = sink.Line(f.name, &search.Line{Time: l.time, Match: l.match, Kept: l.doc}, l.gap)
		if errors.Is(err, search.ErrEnough) {
			return sink.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// next waits for the line whose turn it is; there is no feed when none comes.
func (m *merge) next(ctx context.Context, sink Sink, window int) (*feed, line, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for flushed := false; ; {
		if err := ctx.Err(); err != nil {
			return nil, line{}, err
		}
		f, more := m.ready()
		if f != nil {
			return f, f.take(window), nil
		}
		if !more {
			return nil, line{}, nil
		}
		if !flushed {
			flushed = true
			if err := m.flush(sink); err != nil {
				return nil, line{}, err
			}
			continue
		}
		m.changed.Wait()
	}
}

// flush lets nodes go on meanwhile.
func (m *merge) flush(sink Sink) error {
	m.mu.Unlock()
	defer m.mu.Lock()
	return sink.Flush()
}

// ready is the feed whose first line no other can precede. more says that lines
// may still come.
func (m *merge) ready() (first *feed, more bool) {
	bound := int64(math.MaxInt64)
	for _, f := range m.feeds {
		switch {
		case len(f.lines) > 0:
			if first == nil || f.lines[0].time < first.lines[0].time {
				first = f
			}
		case f.over:
		case f.phase == Following:
			more = true
		default:
			more = true
			bound = min(bound, f.bound)
		}
	}
	if first != nil && first.lines[0].time > bound {
		return nil, true
	}
	return first, more || first != nil
}

func (m *merge) states() []State {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := make([]State, len(m.feeds))
	for i, f := range m.feeds {
		states[i] = State{Node: f.name, Phase: f.phase, At: max(0, f.bound)}
	}
	return states
}

func (m *merge) outcome() (o Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.feeds {
		if f.err != nil {
			o.Failures = append(o.Failures, f.failure())
		}
		for _, text := range f.damage {
			o.Damage = append(o.Damage, NodeMessage{f.name, text})
		}
		if f.summary.Gone > 0 {
			o.Gone = append(o.Gone, f.name)
		}
		o.Late += f.summary.Late
		if at := f.summary.Oldest; at != 0 && (o.Oldest == 0 || at < o.Oldest) {
			o.Oldest = at
		}
	}
	return o
}
