package nodestream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/search"
)

// Turn is one of a few that work at a time. Take waits for it; both may be
// called in any state.
type Turn interface {
	Take(ctx context.Context, waiting func()) error
	Release()
}

// Answer is a search.Sink that sends what is found as records, no more than was
// granted. While it waits for more, others have its turn.
type Answer struct {
	search.Limit

	ctx    context.Context
	leave  context.CancelCauseFunc
	turn   Turn
	credit credit

	mu    sync.Mutex
	w     *bufio.Writer
	bound time.Time
	// free says that the search goes on without a turn.
	free bool

	beats sync.WaitGroup
	done  chan struct{}
	once  sync.Once
}

// ErrLeft is why an answer ends whose asker is gone.
var ErrLeft = errors.New("nobody reads the answer any more")

// Begin answers on w to an asker that speaks on in, and returns when it has
// granted something and the turn has come. The context ends when the asker
// leaves.
func Begin(ctx context.Context, in io.Reader, w io.Writer, turn Turn) (*Answer, context.Context, error) {
	ctx, leave := context.WithCancelCause(ctx)
	a := &Answer{ctx: ctx, leave: leave, turn: turn, w: bufio.NewWriterSize(w, 32<<10), done: make(chan struct{})}
	a.credit.more = make(chan struct{}, 1)
	go a.credit.read(in, leave)
	a.beats.Go(a.beat)
	err := a.wait()
	return a, ctx, err
}

// beat says now and then that the node is there.
func (a *Answer) beat() {
	tick := time.NewTicker(HeartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.done:
			return
		case <-tick.C:
			a.say(Alive, nil)
		}
	}
}

// say sends a record that needs no grant. What cannot be written, Line and End
// report: the writer keeps its first error.
func (a *Answer) say(k Kind, text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(k, text)
	_ = a.w.Flush()
}

func (a *Answer) put(k Kind, text []byte) {
	_ = a.w.WriteByte(byte(k))
	if len(text) > 0 {
		_ = a.w.WriteByte(' ')
		_, _ = a.w.Write(bytes.ReplaceAll(text, []byte{'\n'}, []byte{' '}))
	}
	_ = a.w.WriteByte('\n')
}

// wait waits until there is something to spend, and for the turn.
func (a *Answer) wait() error {
	if err := a.Flush(); err != nil {
		return err
	}
	if !a.credit.some() {
		a.turn.Release()
		if err := a.credit.await(a.ctx); err != nil {
			return context.Cause(a.ctx)
		}
	}
	if a.free {
		return nil
	}
	waited := false
	err := a.turn.Take(a.ctx, func() { waited = true; a.say(Waiting, nil) })
	if err != nil {
		return context.Cause(a.ctx)
	}
	if waited {
		a.say(Working, nil)
	}
	return nil
}

// Line implements search.Sink. What is kept of the line must be its document.
func (a *Answer) Line(l *search.Line) error {
	if !a.Take(l.Match) {
		return search.ErrEnough
	}
	for !a.credit.some() {
		if err := a.wait(); err != nil {
			return err
		}
	}
	a.credit.spend(a.line(l))
	if a.Enough() {
		return search.ErrEnough
	}
	return a.ctx.Err()
}

// line writes a line and returns what it takes of what was granted.
func (a *Answer) line(l *search.Line) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	kind := Context
	if l.Match {
		kind = Match
	}
	n, _ := fmt.Fprintf(a.w, "%c %d ", kind, l.Time)
	m, _ := a.w.Write(l.Kept)
	_ = a.w.WriteByte('\n')
	return n + m + 1 + LineCost
}

// Flush implements search.Sink.
func (a *Answer) Flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.w.Flush()
}

// Gap says that the next line does not follow the last one.
func (a *Answer) Gap() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(Gap, nil)
	return nil
}

// boundEvery is how often the asker is told how far the search is.
const boundEvery = 100 * time.Millisecond

// Progress says that no line before a time comes any more, now and then.
func (a *Answer) Progress(before int64) {
	if now := time.Now(); now.Sub(a.bound) >= boundEvery {
		a.bound = now
		a.say(Bound, fmt.Append(nil, before))
	}
}

// Damaged reports a part of the journal that cannot be read.
func (a *Answer) Damaged(err error) { a.say(Damaged, []byte(err.Error())) }

// Following says that all that was there has been given. What comes takes
// little work: it needs no turn.
func (a *Answer) Following() {
	a.free = true
	a.turn.Release()
	a.say(Following, nil)
}

// End sends the last record.
func (a *Answer) End(s Summary) error {
	defer a.Close()
	s.Version = Version
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	a.say(End, text)
	return a.Flush()
}

// Close ends the answer, with or without an end.
func (a *Answer) Close() {
	a.once.Do(func() {
		a.leave(nil)
		a.turn.Release()
		close(a.done)
		a.beats.Wait()
	})
}
