package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/journal/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// buffer is what lanes and agent use of a journal.
type buffer interface {
	Append(ctx context.Context, s *frame.Sealed) error
	Flush(ctx context.Context) error
	Replay(after uint64, fn func(*frame.Meta) error) error
	Checkpointed(seq uint64)
	Stats() journal.Stats
	Close() error
}

// cursor is what exporters use.
type cursor interface {
	Next(ctx context.Context) (*journal.Frame, error)
	Advance(f *journal.Frame, r journal.Result) error
	Stats() journal.CursorStats
}

// subject is a journal of one of the two kinds, with room for about ten frames
// of a test.
type subject struct {
	t *testing.T
	buffer
	open func(name string, o journal.CursorOptions) (cursor, error)
	// acknowledged are the numbers that the sources were told of.
	acknowledged []uint64
	builder      *frame.Builder
}

const room = 10_000

func onDisk(t *testing.T, after uint64) *subject {
	s := &subject{t: t}
	j, err := journal.Open(journal.Options{
		FS: crashfs.New(), Dir: "/logs", SegmentSize: 900, MaxSize: room, OnDurable: s.acknowledge,
	})
	s.must(err)
	s.buffer = j
	s.open = func(name string, o journal.CursorOptions) (cursor, error) { return j.Cursor(name, o) }
	return s.start(after)
}

func inMemory(t *testing.T, after uint64) *subject {
	s := &subject{t: t}
	j := memory.Open(memory.Options{MaxSize: room, OnPassed: s.acknowledge})
	s.buffer = j
	s.open = func(name string, o journal.CursorOptions) (cursor, error) { return j.Cursor(name, o) }
	return s.start(after)
}

// start begins behind a number, as an agent with a checkpoint does.
func (s *subject) start(after uint64) *subject {
	s.builder = frame.NewBuilder(1)
	s.must(s.Replay(after, func(*frame.Meta) error { return nil }))
	s.t.Cleanup(func() { s.must(s.Close()) })
	return s
}

func (s *subject) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *subject) acknowledge(metas []*frame.Meta) {
	for _, m := range metas {
		s.acknowledged = append(s.acknowledged, m.Seq)
	}
}

// frame is one of about 900 bytes, of one document of two lines and one line
// that a rule dropped.
func (s *subject) frame(text string) *frame.Sealed {
	pad := make([]byte, 600)
	for i := range pad {
		pad[i] = 'A' + byte((i*i+i*len(text)*31)%58)
	}
	s.builder.Lit(fmt.Appendf(nil, `{"create":{}}`+"\n"+`{"text":%q,"pad":%q}`+"\n", text, pad))
	s.builder.EndDoc(2, 1)
	counts := event.Counts{Lines: 3, DocLines: 2, DroppedLines: 1, Docs: 1}
	return s.builder.Seal(frame.Meta{Class: "default", Counts: counts, Sources: []frame.Source{{Path: "/a.log", Counts: counts}}})
}

// add appends frames until one has to wait for longer than a minute, and says
// how many went in.
func (s *subject) add(most int) (frames int) {
	s.t.Helper()
	for ; frames < most; frames++ {
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		err := s.Append(ctx, s.frame(fmt.Sprint("frame ", frames)))
		stop()
		if errors.Is(err, context.DeadlineExceeded) {
			return frames
		}
		s.must(err)
		s.must(s.Flush(context.Background()))
		synctest.Wait()
	}
	return frames
}

func (s *subject) cursor(name string, o journal.CursorOptions) cursor {
	s.t.Helper()
	c, err := s.open(name, o)
	s.must(err)
	return c
}

// take gives the next n frames.
func (s *subject) take(c cursor, n int) (frames []*journal.Frame) {
	s.t.Helper()
	for range n {
		f, err := c.Next(context.Background())
		s.must(err)
		frames = append(frames, f)
	}
	return frames
}

var delivered = journal.Result{Delivered: 2, DeliveredDocs: 1}

// deliver passes the next n frames, of which the checkpoint takes note.
func (s *subject) deliver(c cursor, n int) {
	s.t.Helper()
	for _, f := range s.take(c, n) {
		s.must(c.Advance(f, delivered))
		s.Checkpointed(f.Meta.Seq)
	}
}

func (s *subject) text(f *journal.Frame) string {
	s.t.Helper()
	payload, err := f.Payload(nil)
	s.must(err)
	plain, err := frame.Inflate(nil, payload, &f.Meta)
	s.must(err)
	return string(plain)
}

// both is what a journal keeps to wherever it is.
var both = map[string]func(t *testing.T, s *subject){
	"frames come in the order of Append, whole": func(t *testing.T, s *subject) {
		c := s.cursor("a", journal.CursorOptions{})
		s.add(5)
		for i, f := range s.take(c, 5) {
			if f.Meta.Seq != uint64(i+1) || f.Meta.JournalTime != time.Now().UnixNano() || !strings.Contains(s.text(f), fmt.Sprintf("frame %d", i)) {
				t.Errorf("frame %d has the number %d, time %d and text %.60s", i, f.Meta.Seq, f.Meta.JournalTime, s.text(f))
			}
		}
	},
	"a payload is the caller's": func(t *testing.T, s *subject) {
		a, b := s.cursor("a", journal.CursorOptions{}), s.cursor("b", journal.CursorOptions{})
		s.add(1)
		mine, err := s.take(a, 1)[0].Payload(make([]byte, 0, 4096))
		s.must(err)
		clear(mine[:cap(mine)])
		s.text(s.take(b, 1)[0])
	},
	"each cursor has its own pace": func(t *testing.T, s *subject) {
		slow, fast := s.cursor("slow", journal.CursorOptions{}), s.cursor("fast", journal.CursorOptions{})
		s.add(4)
		s.deliver(fast, 4)
		s.deliver(slow, 1)
		if a, b := slow.Stats(), fast.Stats(); a.Position != 1 || a.Pending.Frames != 3 || b.Position != 4 || b.Pending.Frames != 0 {
			t.Errorf("figures %+v and %+v", a, b)
		}
	},
	"Next may be ahead of Advance": func(t *testing.T, s *subject) {
		c := s.cursor("a", journal.CursorOptions{})
		s.add(3)
		frames := s.take(c, 3)
		if c.Advance(frames[1], delivered) == nil {
			t.Error("the second frame was passed before the first")
		}
		for _, f := range frames {
			s.must(c.Advance(f, delivered))
		}
		s.must(c.Advance(frames[0], delivered))
		if st := c.Stats(); st.Position != 3 || st.Result.Delivered != 6 {
			t.Errorf("figures %+v", st)
		}
	},
	"a full journal waits for the cursor that blocks": func(t *testing.T, s *subject) {
		slow, fast := s.cursor("slow", journal.CursorOptions{}), s.cursor("fast", journal.CursorOptions{})
		n := s.add(50)
		if st := s.Stats(); n < 5 || n == 50 || !st.Full || st.Bytes > room {
			t.Fatalf("%d frames fit; figures %+v", n, st)
		}
		s.deliver(fast, n)
		if s.add(1) != 0 {
			t.Error("a frame fits though one exporter needs all there is")
		}
		done := make(chan int)
		go func() { done <- s.add(1) }()
		synctest.Wait()
		s.deliver(slow, n)
		if <-done != 1 || s.Stats().Full {
			t.Error("the frame that waits does not go in when there is room")
		}
	},
	"a full journal moves the cursor that may skip": func(t *testing.T, s *subject) {
		c := s.cursor("a", journal.CursorOptions{OnFull: journal.Skip})
		s.add(4)
		inFlight := s.take(c, 1)[0]
		s.Checkpointed(1000)
		if n := s.add(30); n != 30 {
			t.Fatalf("only %d frames fit", n)
		}
		st := c.Stats()
		if st.Skipped.Frames == 0 || st.Skipped.Lines+st.Pending.DocLines != 2*34 || st.Passed.DocLines != st.Skipped.Lines {
			t.Errorf("figures %+v; each of 68 lines is skipped or pending", st)
		}
		if err := c.Advance(inFlight, delivered); err != nil || c.Stats().Result.Delivered != 0 {
			t.Errorf("a frame that was skipped is passed: %v, figures %+v", err, c.Stats())
		}
		if _, err := inFlight.Payload(nil); err == nil {
			t.Error("a frame that was skipped can be read")
		}
		if f := s.take(c, 1)[0]; f.Meta.Seq <= st.Position {
			t.Errorf("Next = %d; want a frame behind %d", f.Meta.Seq, st.Position)
		}
	},
	"skipping is the last resort": func(t *testing.T, s *subject) {
		blocking := s.cursor("a", journal.CursorOptions{})
		skipping := s.cursor("b", journal.CursorOptions{OnFull: journal.Skip})
		n := s.add(50)
		if skipping.Stats().Skipped.Frames != 0 {
			t.Error("frames were skipped in vain: another exporter keeps them")
		}
		s.deliver(blocking, n)
		if s.add(1) != 1 || skipping.Stats().Skipped.Frames == 0 {
			t.Error("nothing was skipped when it would have helped")
		}
	},
	"a frame that is larger than the journal goes into an empty one": func(t *testing.T, s *subject) {
		s.cursor("a", journal.CursorOptions{})
		large := s.frame("large")
		large.Payload = append(large.Payload, make([]byte, 2*room)...)
		s.must(s.Append(context.Background(), large))
	},
	"frames are acknowledged in order": func(t *testing.T, s *subject) {
		a, b := s.cursor("a", journal.CursorOptions{}), s.cursor("b", journal.CursorOptions{})
		s.add(5)
		s.deliver(a, 5)
		s.deliver(b, 5)
		if fmt.Sprint(s.acknowledged) != "[1 2 3 4 5]" {
			t.Errorf("acknowledged: %v", s.acknowledged)
		}
	},
	"a frame from elsewhere keeps its time and mark, and its origin is told by its tag": func(t *testing.T, s *subject) {
		c, queue := s.cursor("a", journal.CursorOptions{}), &queue{}
		at := time.Now().Add(-time.Hour).UnixNano()
		foreign := s.from(queue, 7)
		foreign.Meta.JournalTime, foreign.Meta.MaybeSeen = at, true
		s.must(s.Append(context.Background(), foreign))
		s.must(s.Flush(context.Background()))
		f := s.take(c, 1)[0]
		if f.Meta.JournalTime != at || !f.Meta.MaybeSeen {
			t.Errorf("journal time %d, maybe seen %v", f.Meta.JournalTime, f.Meta.MaybeSeen)
		}
		s.must(c.Advance(f, delivered))
		queue.want(t, "[7]", "after delivery")
	},
	"figures balance": func(t *testing.T, s *subject) {
		c := s.cursor("a", journal.CursorOptions{})
		s.add(5)
		begin := time.Now()
		time.Sleep(time.Minute)
		s.deliver(c, 2)
		st := c.Stats()
		if st.Passed.Lines+st.Pending.Lines != 15 || st.Result.Delivered != 4 || st.Passed.DroppedLines != 2 || st.Pending.DocLines != 6 {
			t.Errorf("figures %+v", st)
		}
		if age := begin.UnixNano() - st.Oldest; st.Oldest == 0 || age != 0 {
			t.Errorf("the oldest pending frame is of %d", st.Oldest)
		}
		j := s.Stats()
		if j.Next != 6 || j.Durable != 5 || j.Newest != begin.UnixNano() || j.Oldest != begin.UnixNano() || j.Bytes <= 0 || len(j.Cursors) != 1 {
			t.Errorf("figures %+v", j)
		}
		s.deliver(c, 3)
		if c.Stats().Oldest != 0 {
			t.Error("nothing is pending and something is old")
		}
	},
	"a new cursor begins at the end, or at the oldest frame": func(t *testing.T, s *subject) {
		s.cursor("keeps what there is", journal.CursorOptions{})
		s.add(2)
		end := s.cursor("end", journal.CursorOptions{})
		oldest := s.cursor("oldest", journal.CursorOptions{StartAtBeginning: true})
		if n := oldest.Stats().Pending.Frames; n != 2 {
			t.Errorf("%d frames are pending, want 2", n)
		}
		s.add(1)
		if a, b := s.take(end, 1)[0].Meta.Seq, s.take(oldest, 1)[0].Meta.Seq; a != 3 || b != 1 {
			t.Errorf("frames %d and %d; want 3 and 1", a, b)
		}
		if _, err := s.open("end", journal.CursorOptions{}); err == nil {
			t.Error("a cursor was opened twice")
		}
	},
	"waiting ends with the context and with the journal": func(t *testing.T, s *subject) {
		c := s.cursor("a", journal.CursorOptions{})
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next = %v", err)
		}
		s.add(1)
		go func() { time.Sleep(time.Second); s.Close() }()
		s.take(c, 1)
		if _, err := c.Next(context.Background()); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("Next of a closed journal = %v", err)
		}
		if err := s.Append(context.Background(), s.frame("late")); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("Append to a closed journal = %v", err)
		}
		s.must(s.Close())
	},
}

func TestJournalsKeepToTheSame(t *testing.T) {
	for kind, open := range map[string]func(*testing.T, uint64) *subject{"disk": onDisk, "memory": inMemory} {
		for name, check := range both {
			t.Run(kind+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { check(t, open(t, 0)) })
			})
		}
		t.Run(kind+"/numbers go on behind the checkpoint", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, 41)
				c := s.cursor("a", journal.CursorOptions{})
				s.add(1)
				if f := s.take(c, 1)[0]; f.Meta.Seq != 42 {
					t.Errorf("the next frame has the number %d", f.Meta.Seq)
				}
			})
		})
	}
}
