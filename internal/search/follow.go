package search

import (
	"context"
	"math"
	"time"
)

// Follow goes on where Run ended: every time the journal has grown, the lines
// that are new go to the sink, in the order of time among themselves. It
// returns when ctx ends or the sink has enough.
func (s *Search) Follow(ctx context.Context, every time.Duration) error {
	s.Query.first, s.Query.floor = nil, 0
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !s.enough {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := s.end(s.catchUp(ctx))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// catchUp reads what was written since the last time.
func (s *Search) catchUp(ctx context.Context) (err error) {
	if s.frames, err = s.newFrames(s.frames); err != nil {
		return err
	}
	s.order.last = math.MinInt64
	return s.run(ctx)
}
