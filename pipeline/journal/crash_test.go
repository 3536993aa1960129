package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// The crash test plays an agent's life against a disk that loses power at the
// n-th operation, for every n, then another life on what the disk kept, and
// judges after each what the oracle was promised.

// world is what outlives the lives: the disk, and what the oracle knows.
type world struct {
	disk *crashfs.FS
	// written are the lines [from, to) that a frame of a number was sealed
	// with in this life; they become acked when they are durable.
	acked map[uint64]lines
	// advanced is the last frame that was given to Advance, by cursor.
	advanced map[string]uint64
	// covered is the largest number given to Checkpointed.
	covered uint64
	// mutate changes operations; nil lets them be.
	mutate func(vfs.Op) error
	// operations counts those of the last life.
	operations int
}

// lines are the source's lines from from up to to.
type lines struct{ from, to int64 }

var theFile = event.SourceID{7}

func newWorld() *world {
	return &world{disk: crashfs.New(), acked: map[uint64]lines{}, advanced: map[string]uint64{}}
}

// dies makes a file system that ends at the n-th operation from now; 0 never.
func (w *world) dies(n int) vfs.FS {
	w.operations = 0
	return vfs.WithHook(w.disk, func(op vfs.Op) error {
		w.operations++
		if w.operations == n {
			w.disk.Kill()
		}
		if w.mutate != nil {
			return w.mutate(op)
		}
		return nil
	})
}

// life is one run of the agent.
type life struct {
	*world
	fs         vfs.FS
	journal    *Journal
	checkpoint *checkpoint.Store
	cursors    []*Cursor
	// position is the line that the agent reads next.
	position int64
	broken   error
	// patient makes the life try again what the disk refuses, as the agent
	// does, until it ends.
	patient bool
}

// try does what needs the disk.
func (l *life) try(do func() error) error {
	err := do()
	for n := 0; l.patient && err != nil && n < 600; n++ {
		time.Sleep(time.Second)
		err = do()
	}
	return err
}

// live runs the agent until the disk is gone or the script ends. The error is
// a broken promise.
func (w *world) live(n, frames int) error {
	l := &life{world: w, fs: w.dies(n)}
	if err := l.start(); err != nil {
		return l.broken
	}
	for i := range frames {
		if l.step(i) != nil {
			break
		}
	}
	l.journal.Close()
	l.checkpoint.Close()
	return l.broken
}

// start opens everything and judges what was found.
func (l *life) start() error {
	if err := l.try(l.open); err != nil {
		return err
	}
	if err := l.try(l.recovered); err != nil {
		l.journal.Close()
		return err
	}
	for _, name := range []string{"fast", "slow"} {
		var c *Cursor
		err := l.try(func() (err error) {
			c, err = l.journal.Cursor(name, CursorOptions{StartAtBeginning: true})
			return err
		})
		if err != nil {
			l.journal.Close()
			return err
		}
		l.judgeCursor(c)
		l.cursors = append(l.cursors, c)
	}
	return nil
}

func (l *life) open() (err error) {
	if l.checkpoint, err = checkpoint.Open(checkpoint.Options{FS: l.fs, Dir: "/state/checkpoint"}); err != nil {
		return err
	}
	l.journal, err = Open(Options{FS: l.fs, Dir: "/state/logs", SegmentSize: 3 << 10, MaxSize: 18 << 10, MaxAge: time.Second, OnDurable: l.durable})
	if err != nil {
		l.checkpoint.Close()
	}
	return err
}

// judgeCursor compares a position with what was done, and with what is left.
func (l *life) judgeCursor(c *Cursor) {
	at := c.Stats().Position
	if done := l.advanced[c.name]; at > done {
		l.fail("cursor %s is at %d, and only %d was ever done", c.name, at, done)
	}
	if first := oldest(l.journal); at+1 < first {
		l.fail("cursor %s is at %d, and the frames up to %d are gone", c.name, at, first-1)
	}
}

func (l *life) fail(format string, args ...any) {
	l.broken = errors.Join(l.broken, fmt.Errorf(format, args...))
}

// recovered rolls the checkpoint forward and compares all frames with what was
// acknowledged.
func (l *life) recovered() error {
	covered := l.checkpoint.Seq()
	if covered >= l.journal.Stats().Next && covered > 0 {
		l.fail("the checkpoint contains frame %d, and the journal ends before %d", covered, l.journal.Stats().Next)
	}
	if err := l.compare(); err != nil {
		return err
	}
	err := l.journal.Replay(covered, func(m *frame.Meta) error {
		l.checkpoint.Apply(m)
		return nil
	})
	if err != nil {
		return err
	}
	if gap := l.journal.Stats().Recovery.Gap; gap != 0 {
		l.fail("number %d was jumped over", gap)
	}
	for _, s := range l.checkpoint.Find("the file") {
		l.position = s.Offset
	}
	return nil
}

// compare reads every frame as other processes do.
func (l *life) compare() error {
	r := NewReader(l.fs, "/state/logs")
	segments, err := r.Segments()
	if err != nil {
		return err
	}
	found := map[uint64]lines{}
	last := lines{from: -1}
	for _, s := range segments {
		_, err := r.Entries(context.Background(), s, 0, func(e *Entry) error {
			got, err := readLines(r, s, e)
			if err != nil {
				return err
			}
			if _, twice := found[e.Seq]; twice {
				l.fail("frame %d is there twice", e.Seq)
			}
			// A crash may undo the deletion of one segment and not that of the
			// next, so that there are gaps among frames that nobody needs.
			if last.from >= 0 && got.from != last.to && e.Seq > l.needed()+1 {
				l.fail("frame %d has lines from %d on, and the one before ends at %d", e.Seq, got.from, last.to)
			}
			found[e.Seq], last = got, got
			return nil
		})
		if err != nil {
			return err
		}
	}
	l.judge(found)
	return nil
}

func readLines(r *Reader, s Segment, e *Entry) (lines, error) {
	payload, err := r.Payload(s, e, nil)
	if err != nil {
		return lines{}, err
	}
	m, err := r.Meta(s, e)
	if err != nil {
		return lines{}, err
	}
	plain, err := frame.Inflate(nil, payload, m)
	if err != nil {
		return lines{}, err
	}
	var got lines
	for _, d := range frame.Documents(plain) {
		_, err = fmt.Sscanf(string(d.Source), `{"tag":"%d-%d"`, &got.from, &got.to)
	}
	return got, err
}

// needed is the number up to which nobody needs the frames.
func (l *life) needed() uint64 {
	return min(l.covered, l.advanced["fast"], l.advanced["slow"])
}

// judge compares the frames that were found with those acknowledged.
func (l *life) judge(found map[uint64]lines) {
	for seq, want := range l.acked {
		got, ok := found[seq]
		switch {
		case !ok && seq > l.needed():
			l.fail("frame %d was acknowledged and is gone", seq)
		case ok && got != want:
			l.fail("frame %d was acknowledged with lines %v and has %v", seq, want, got)
		}
	}
	// Frames that were written and not acknowledged may be there; from now on
	// they are as good as acknowledged.
	for seq, got := range found {
		l.acked[seq] = got
	}
}

// durable is the acknowledgement.
func (l *life) durable(metas []*frame.Meta) {
	for _, m := range metas {
		l.checkpoint.Apply(m)
		s := m.Sources[0]
		got := lines{s.Offset - int64(s.Counts.Lines), s.Offset}
		if was, again := l.acked[m.Seq]; again {
			l.fail("number %d was given twice, to lines %v and %v", m.Seq, was, got)
		}
		l.acked[m.Seq] = got
	}
}

// step appends some frames, delivers some, and saves now and then.
func (l *life) step(i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	for range 1 + i%3 {
		if err := l.append(ctx, 1+i%4); err != nil {
			return err
		}
	}
	if err := l.journal.Flush(ctx); err != nil {
		return err
	}
	for at, c := range l.cursors {
		if at == 0 || i%3 == 2 {
			if err := l.deliver(ctx, c); err != nil {
				return err
			}
		}
	}
	time.Sleep(400 * time.Millisecond)
	return l.save(i)
}

func (l *life) append(ctx context.Context, docs int) error {
	to := l.position + int64(docs)
	s := sample{docs: docs, tag: fmt.Sprintf("%d-%d", l.position, to), size: 300}
	s.source = frame.Source{ID: theFile, Identity: event.Identity{Path: "the file"}, Offset: to}
	l.position = to
	return l.journal.Append(ctx, s.seal())
}

// deliver passes what the cursor has before it.
func (l *life) deliver(ctx context.Context, c *Cursor) error {
	for c.Stats().Pending.Frames > 0 {
		var f *Frame
		for _, do := range []func() error{
			func() (err error) { f, err = c.Next(ctx); return err },
			func() error { _, err := f.Payload(nil); return err },
			func() error {
				l.advanced[c.name] = max(l.advanced[c.name], f.Meta.Seq)
				return c.Advance(f, Result{Delivered: f.Meta.Counts.DocLines})
			},
		} {
			if err := l.try(do); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *life) save(i int) error {
	if i%2 == 0 {
		return nil
	}
	var covered uint64
	err := l.try(func() (err error) { covered, err = l.checkpoint.Save(); return err })
	if err != nil {
		return err
	}
	l.covered = max(l.covered, covered)
	l.journal.Checkpointed(covered)
	synctest.Wait()
	return nil
}

// script is how many steps a life has; two lives follow the first.
const script = 12

// ends says how the first and the second of three lives end.
type ends struct {
	// at are the operations at which the disk goes; 0 is the life's own end.
	at [2]int
	// loss is what the disk loses then.
	loss [2]crashfs.Loss
	seed uint64
}

// history plays three lives and judges the disk after each.
func (w *world) history(e ends) error {
	for i, at := range e.at {
		if err := w.live(at, script/(i+1)); err != nil {
			return fmt.Errorf("in life %d: %w", i+1, err)
		}
		w.disk = w.disk.Crash(e.loss[i], e.seed+uint64(i))
	}
	if err := w.live(0, 2); err != nil {
		return fmt.Errorf("in the third life: %w", err)
	}
	return nil
}

// countOperations is how many operations the script has when nothing fails.
func countOperations(t *testing.T) (n int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		if err := w.live(0, script); err != nil {
			t.Fatal(err)
		}
		n = w.operations
	})
	return n
}

// second varies where the second life ends: during its start or later.
func second(at int) int { return at*7%90 + 1 }

// stride is how many operations are left out between two crashes: the race
// detector makes a life ten times slower, and looks for something else.
var stride = map[bool]int{false: 1, true: 7}[raceEnabled]

func TestNothingAcknowledgedIsLostAtAnyOperation(t *testing.T) {
	n := countOperations(t)
	all, heads, nothing := crashfs.LoseAll, crashfs.KeepHeads, crashfs.LoseNothing
	for name, loss := range map[string][2]crashfs.Loss{
		"power fails":                           {all, all},
		"headers are kept and payloads are not": {heads, heads},
		"killed":                                {nothing, nothing},
		"killed, and then power fails":          {nothing, all},
	} {
		t.Run(name, func(t *testing.T) {
			for at := 1; at <= n; at += stride {
				synctest.Test(t, func(t *testing.T) {
					if err := newWorld().history(ends{[2]int{at, second(at)}, loss, 0}); err != nil {
						t.Fatalf("operation %d of %d: %v", at, n, err)
					}
				})
			}
		})
	}
}

func TestNothingAcknowledgedIsLostWhenTheDiskKeepsSome(t *testing.T) {
	n := countOperations(t)
	some := [2]crashfs.Loss{crashfs.LoseSome, crashfs.LoseSome}
	for at := 1; at <= n; at += stride {
		synctest.Test(t, func(t *testing.T) {
			for seed := range uint64(3) {
				e := ends{[2]int{at, second(at)}, some, uint64(at)*10 + seed}
				if err := newWorld().history(e); err != nil {
					t.Fatalf("operation %d of %d, seed %d: %v", at, n, e.seed, err)
				}
			}
		})
	}
}

// TestCrashTestFindsMissingSyncs shows that the tests above can fail: with
// either kind of fsync left out, they do.
func TestCrashTestFindsMissingSyncs(t *testing.T) {
	n := countOperations(t)
	for name, kind := range map[string]vfs.OpKind{"of files": vfs.OpSync, "of directories": vfs.OpSyncDir} {
		t.Run(name, func(t *testing.T) {
			if at := firstBreak(t, n, kind); at == 0 {
				t.Errorf("leaving out all syncs %s goes unnoticed", name)
			}
		})
	}
}

// firstBreak is the first operation at which a crash breaks a promise when
// operations of a kind are left out; 0 when there is none.
func firstBreak(t *testing.T, n int, kind vfs.OpKind) (found int) {
	for at := 1; at <= n && found == 0; at++ {
		synctest.Test(t, func(*testing.T) {
			w := newWorld()
			w.mutate = func(op vfs.Op) error {
				if op.Kind == kind {
					return vfs.ErrSkip
				}
				return nil
			}
			if w.history(ends{at: [2]int{at, 0}}) != nil {
				found = at
			}
		})
	}
	return found
}
