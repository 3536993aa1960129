package journal

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// settable is a system clock that somebody sets; what passes is not changed.
type settable struct{ by atomic.Int64 }

func (c *settable) set(by time.Duration) { c.by.Store(int64(by)) }

func (c *settable) now() time.Time { return time.Now().Add(time.Duration(c.by.Load())).Round(0) }

const day = 24 * time.Hour

func TestAClockThatIsSetKeepsDeliveredSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := new(settable)
		j := small(t, func(o *Options) { o.MaxAge, o.MaxSize, o.wall = time.Hour, 0, clock.now })
		c := cursor(t, j, "x", CursorOptions{})
		for _, by := range []time.Duration{0, day, -day, 0} {
			clock.set(by)
			fill(t, j, 2)
			deliver(t, c, 2)
			j.Checkpointed(j.Stats().Next - 1)
			time.Sleep(10 * time.Minute)
		}
		synctest.Wait()
		if got := numbers(t, j); got != "1 2 3 4 5 6 7 8" {
			t.Errorf("40 minutes and three settings of the clock later, frames %s are left of 8; max_age is an hour", got)
		}
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		if got := numbers(t, j); got != "3 4 5 6 7 8" {
			t.Errorf("an hour after they were written, the first two frames are to go; left are %s", got)
		}
	})
}

func TestSegmentsAreSealedInTimeAfterAClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := new(settable)
		j := small(t, func(o *Options) { o.SegmentSize, o.SegmentAge, o.wall = 1<<20, 10*time.Minute, clock.now })
		fill(t, j, 1)
		clock.set(-2 * day)
		time.Sleep(11 * time.Minute)
		fill(t, j, 1)
		j.mu.Lock()
		defer j.mu.Unlock()
		if len(j.segments) != 2 {
			t.Errorf("%d segments, want a second one after segment_age", len(j.segments))
		}
	})
}

func TestSegmentsFromTheFutureGoInTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{FS: crashfs.New(), Dir: "/logs", MaxAge: time.Hour}
		ahead, clock := opts, new(settable)
		clock.set(day)
		ahead.wall = clock.now
		j := open(t, ahead)
		fill(t, j, 2)
		j.Checkpointed(2)
		j.Close()
		j = open(t, opts)
		j.Checkpointed(2)
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		if got := numbers(t, j); got != "1 2" {
			t.Errorf("frames %q after 50 minutes, want 1 2", got)
		}
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if got := numbers(t, j); got != "" {
			t.Errorf("frames %q after 70 minutes, want none", got)
		}
	})
}
