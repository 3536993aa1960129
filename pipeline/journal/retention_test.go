package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// small is a journal of segments of two frames and room for about five of
// them, on a disk in memory.
func small(t *testing.T, change func(*Options)) *Journal {
	t.Helper()
	opts := Options{FS: crashfs.New(), Dir: "/logs", SegmentSize: 1500, MaxSize: 10_000}
	if change != nil {
		change(&opts)
	}
	return open(t, opts)
}

func cursor(t *testing.T, j *Journal, name string, opts CursorOptions) *Cursor {
	t.Helper()
	c, err := j.Cursor(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fill appends frames of about 900 bytes until one does not fit, and says how
// many did.
func fill(t *testing.T, j *Journal, most int) (frames int) {
	t.Helper()
	for ; frames < most; frames++ {
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		err := j.Append(ctx, sample{docs: 1, tag: fmt.Sprint(frames), size: 900}.seal())
		stop()
		if errors.Is(err, context.DeadlineExceeded) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		flush(t, j)
		// The journal measures the disk after a frame is durable.
		synctest.Wait()
	}
	return frames
}

// deliver passes n frames.
func deliver(t *testing.T, c *Cursor, n int) {
	t.Helper()
	for range n {
		f, err := c.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Advance(f, Result{Delivered: f.Meta.Counts.DocLines}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullJournalWaitsForTheCursorThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		slow, fast := cursor(t, j, "slow", CursorOptions{}), cursor(t, j, "fast", CursorOptions{})
		n := fill(t, j, 50)
		if n == 50 || !j.Stats().Full {
			t.Fatalf("%d frames fit; figures %+v", n, j.Stats())
		}
		deliver(t, fast, n)
		j.Checkpointed(uint64(n))
		if more := fill(t, j, 1); more != 0 {
			t.Error("a frame fits though one exporter needs all there is")
		}
		deliver(t, slow, 4)
		if more := fill(t, j, 2); more != 2 {
			t.Errorf("%d frames fit after the first segments were delivered, want 2", more)
		}
		if oldest(j) == 1 {
			t.Error("the first segment is still there")
		}
	})
}

func TestFullJournalMovesTheCursorThatMaySkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		c := cursor(t, j, "metrics", CursorOptions{OnFull: Skip})
		inFlight, err := func() (*Frame, error) { fill(t, j, 4); return c.Next(context.Background()) }()
		if err != nil {
			t.Fatal(err)
		}
		j.Checkpointed(1000)
		if n := fill(t, j, 30); n != 30 {
			t.Fatalf("only %d frames fit", n)
		}
		st := c.Stats()
		if st.Skipped.Frames == 0 || st.Skipped.Lines+st.Pending.DocLines != 34 || st.Passed.DocLines != st.Skipped.Lines {
			t.Errorf("figures %+v; every of 34 lines is skipped or pending", st)
		}
		if err := c.Advance(inFlight, Result{Delivered: 1}); err != nil || c.Stats().Result.Delivered != 0 {
			t.Errorf("a frame that was skipped is passed: %v, figures %+v", err, c.Stats())
		}
		f, err := c.Next(context.Background())
		if err != nil || f.Meta.Seq <= st.Position {
			t.Errorf("Next = %+v, %v; want a frame behind %d", f, err, st.Position)
		}
	})
}

func TestSkippingIsTheLastResort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		blocking := cursor(t, j, "a", CursorOptions{})
		skipping := cursor(t, j, "b", CursorOptions{OnFull: Skip})
		n := fill(t, j, 50)
		j.Checkpointed(1000)
		fill(t, j, 1)
		if s := skipping.Stats().Skipped; s.Frames != 0 {
			t.Errorf("%d frames skipped in vain: another exporter keeps them", s.Frames)
		}
		deliver(t, blocking, n)
		if fill(t, j, 1) != 1 || skipping.Stats().Skipped.Frames == 0 {
			t.Error("nothing was skipped when it would have helped")
		}
	})
}

func TestFramesStayUntilTheOlderCheckpointCoversThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		n := fill(t, j, 50)
		j.Checkpointed(1)
		if fill(t, j, 1) != 0 {
			t.Error("frames went that a restart needs")
		}
		j.Checkpointed(uint64(n))
		if fill(t, j, 1) != 1 {
			t.Error("frames stay that nobody needs")
		}
	})
}

func TestDeliveredSegmentsGoWithAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, func(o *Options) { o.MaxAge, o.MaxSize = time.Hour, 0 })
		c := cursor(t, j, "x", CursorOptions{})
		fill(t, j, 10)
		j.Checkpointed(10)
		deliver(t, c, 6)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := numbers(t, j); got != "7 8 9 10" {
			t.Errorf("frames %s; want those that were not delivered", got)
		}
		deliver(t, c, 4)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := numbers(t, j); got != "" {
			t.Errorf("frames %s; want none", got)
		}
		j.Close()
		again := open(t, Options{FS: j.opts.FS, Dir: "/logs"})
		if next := again.Stats().Next; next != 11 {
			t.Errorf("an emptied journal goes on at %d, want 11", next)
		}
	})
}

func TestMinFreeIsLeftToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		disk.SetLimit(40_000)
		j := small(t, func(o *Options) { o.FS, o.MaxSize, o.MinFree = disk, 0, Reserve{Share: 0.5} })
		c := cursor(t, j, "x", CursorOptions{})
		n := fill(t, j, 50)
		free, total, _ := disk.Space("/")
		if n == 50 || free < total/2-2_000 {
			t.Fatalf("%d frames fit, and %d of %d bytes are free", n, free, total)
		}
		deliver(t, c, n)
		j.Checkpointed(uint64(n))
		if more := fill(t, j, 3); more != 3 {
			t.Errorf("%d frames fit after all was delivered, want 3", more)
		}
	})
}

func TestJournalWithoutRoomForOneFrameStillTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, func(o *Options) { o.MaxSize = 100 })
		if fill(t, j, 1) != 1 {
			t.Error("a frame that is larger than the journal blocks it for good")
		}
	})
}

func TestCursorsOfOthersDoNotPin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		cursor(t, j, "removed from the configuration", CursorOptions{})
		fill(t, j, 3)
		j.Close()
		again := small(t, func(o *Options) { o.FS = j.opts.FS })
		again.Checkpointed(1000)
		if n := fill(t, again, 50); n != 50 {
			t.Errorf("only %d frames fit", n)
		}
	})
}

func TestNewCursorBeginsAtTheEnd(t *testing.T) {
	j := open(t, Options{Dir: t.TempDir()})
	appendAll(t, j, sample{docs: 1, tag: "old"})
	flush(t, j)
	end := cursor(t, j, "es/1", CursorOptions{})
	beginning := cursor(t, j, "es/2", CursorOptions{StartAtBeginning: true})
	appendAll(t, j, sample{docs: 1, tag: "new"})
	for c, want := range map[*Cursor]uint64{end: 2, beginning: 1} {
		if f, err := c.Next(context.Background()); err != nil || f.Meta.Seq != want {
			t.Errorf("%s: Next = %+v, %v; want frame %d", c.name, f, err, want)
		}
	}
	if _, err := j.Cursor("es/1", CursorOptions{}); err == nil {
		t.Error("a cursor was opened twice")
	}
	if _, err := j.opts.FS.Stat(filepath.Join(j.opts.Dir, cursorDir, "es%2F1.slot")); err != nil {
		t.Error(err)
	}
}

func TestFramesArePassedInOrder(t *testing.T) {
	j := open(t, Options{Dir: t.TempDir()})
	c := cursor(t, j, "x", CursorOptions{})
	appendAll(t, j, sample{docs: 1, tag: "1"}, sample{docs: 1, tag: "2"})
	first, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(second, Result{}); err == nil {
		t.Error("the second frame was passed before the first")
	}
	if err := errors.Join(c.Advance(first, Result{}), c.Advance(second, Result{})); err != nil {
		t.Error(err)
	}
}

func TestWaitingEndsWithTheContextAndWithTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		c := cursor(t, j, "x", CursorOptions{})
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next = %v", err)
		}
		go func() { time.Sleep(time.Second); j.Close() }()
		if _, err := c.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next of a closed journal = %v", err)
		}
		if err := j.Append(context.Background(), sample{docs: 1}.seal()); !errors.Is(err, ErrClosed) {
			t.Errorf("Append to a closed journal = %v", err)
		}
	})
}

func TestLagIsMeasuredFromTheOldestPendingFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t, nil)
		c := cursor(t, j, "x", CursorOptions{})
		lag := func() time.Duration {
			st := c.Stats()
			if st.Pending.Frames == 0 {
				return 0
			}
			return time.Since(time.Unix(0, st.Oldest))
		}
		fill(t, j, 1)
		time.Sleep(time.Minute)
		fill(t, j, 1)
		if got := lag(); got != time.Minute {
			t.Errorf("with frames of a minute ago and now the lag is %v", got)
		}
		deliver(t, c, 2)
		time.Sleep(time.Hour)
		fill(t, j, 1)
		time.Sleep(time.Second)
		if got := lag(); got != time.Second {
			t.Errorf("with a frame of a second ago the lag is %v", got)
		}
		j.Close()
		j = small(t, func(o *Options) { o.FS = j.opts.FS })
		c = cursor(t, j, "x", CursorOptions{})
		time.Sleep(time.Second)
		if got := lag(); got != 2*time.Second {
			t.Errorf("after a restart the lag is %v", got)
		}
	})
}
