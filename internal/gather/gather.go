// Package gather has many nodes search at the same time and puts what they find
// into the order of time, in bounded memory: a node sends no more than it was
// granted, and is granted more when its lines have had their turn.
package gather

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/nodestream"
	"github.com/tailrace/tailrace/internal/search"
)

// Node is one that searches. Run starts the search with these standard streams
// and returns when it has ended or ctx has.
type Node struct {
	Name string
	Run  func(ctx context.Context, in io.Reader, out, errOut io.Writer) error
}

// Sink takes the lines of all nodes in the order of time. gap says that the line
// does not follow the node's last one; what is kept of it is its document, valid
// during the call. search.ErrEnough ends the search without an error. Flush is
// called when the next line is waited for.
type Sink interface {
	Line(node string, l *search.Line, gap bool) error
	Flush() error
}

// Search is one search of many nodes.
type Search struct {
	Nodes []Node
	Sink  Sink
	// Concurrency is how many nodes search at a time; 0 is no limit. A node that
	// has found something and waits for others does not count.
	Concurrency int
	// Silence is how long nothing may be heard of a node.
	Silence time.Duration
	// Watch, if there is one, is given a function that tells how far the nodes
	// are, until the search ends. It returns what to call then.
	Watch func(states func() []State) (stop func())
	// Failed, if there is one, is told of each node that fails, at once.
	Failed func(Failure)
}

// Failure is a node that has not answered, or not to the end.
type Failure struct {
	Node string
	// Heard says that a part of its answer came.
	Heard bool
	Err   error
}

// Outcome is what nodes say beside lines.
type Outcome struct {
	// Failures are in the order of Search.Nodes, and so are Damage and Notes.
	Failures []Failure
	Damage   []NodeMessage
	// Late counts lines that came behind later ones of the same node, Gone are
	// the nodes whose journal lost segments meanwhile.
	Late int
	Gone []string
	// Oldest is the time of the first line before the time asked for, ns, 0 for
	// none.
	Oldest int64
}

// NodeMessage is something that a node says.
type NodeMessage struct{ Node, Text string }

// memory bounds what all nodes together may send ahead, in bytes, and minWindow
// and maxWindow what each may.
const (
	memory    = 64 << 20
	minWindow = 32 << 10
	maxWindow = 1 << 20
)

// ErrSilent is why a node is given up that says nothing.
var ErrSilent = errors.New("nothing was heard of it")

// Run searches. The error is the sink's or ctx's; nodes fail in the Outcome.
func (s *Search) Run(ctx context.Context) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newMerge(len(s.Nodes))
	window := max(minWindow, min(maxWindow, memory/max(1, len(s.Nodes))))
	seats := make(chan struct{}, s.seats())
	var running sync.WaitGroup
	for i := range s.Nodes {
		m.feeds = append(m.feeds, &feed{
			name: s.Nodes[i].Name, m: m, bound: math.MinInt64, quiet: s.Silence, granted: window, grants: newGrants(window),
		})
	}
	for i, f := range m.feeds {
		running.Go(func() { s.ask(ctx, &s.Nodes[i], f, seats) })
	}
	stop := s.watch(m)
	defer context.AfterFunc(ctx, m.wake)()
	err := m.run(ctx, s.Sink, window)
	stop()
	cancel()
	running.Wait()
	return m.outcome(), err
}

func (s *Search) seats() int {
	if s.Concurrency > 0 {
		return s.Concurrency
	}
	return max(1, len(s.Nodes))
}

func (s *Search) watch(m *merge) (stop func()) {
	if s.Watch == nil {
		return func() {}
	}
	return s.Watch(m.states)
}

// ask runs the search of one node when there is a seat for it.
func (s *Search) ask(ctx context.Context, n *Node, f *feed, seats chan struct{}) {
	select {
	case seats <- struct{}{}:
	case <-ctx.Done():
		f.finish(nil)
		return
	}
	leave := sync.OnceFunc(func() { <-seats })
	defer leave()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.begin(func() { cancel(fmt.Errorf("%w for %s", ErrSilent, s.Silence)) }, leave)
	var sending sync.WaitGroup
	sending.Go(func() { f.grants.send(ctx) })
	said := &Tail{}
	ended := make(chan error, 1)
	// What Run waits for may not end with ctx, such as a name server.
	answer := &nodestream.Parser{Handle: f.handle}
	go func() { ended <- n.Run(ctx, f.grants.r, refusing{answer, cancel}, said) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	err = f.verdict(ctx, err, said)
	f.finish(err)
	if err != nil && s.Failed != nil {
		s.Failed(f.failure())
	}
	f.grants.r.Close()
	cancel(nil)
	sending.Wait()
}

// begin starts the clock. silent is called when nothing is heard for too long,
// seated when the first line has come.
func (f *feed) begin(silent, seated func()) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.phase, f.seated = Connecting, seated
	f.silence = time.AfterFunc(f.quiet, silent)
}

// verdict is why an answer is not whole, nil when it is or nobody wants it.
func (f *feed) verdict(ctx context.Context, err error, said *Tail) error {
	f.m.mu.Lock()
	ended, heard := f.ended, f.heard
	f.m.mu.Unlock()
	cause := context.Cause(ctx)
	switch {
	case ended:
		return nil
	case errors.Is(cause, context.Canceled):
		return nil
	case cause != nil:
		return cause
	case err == nil && said.empty() && heard:
		return errors.New("the connection was cut in the middle of the answer")
	case err == nil:
		err = errors.New("the command ended without an answer")
	}
	return &RemoteError{Err: err, Said: said.String()}
}

// refusing ends a search whose answer is not understood: not every connection
// tells that it could not be written.
type refusing struct {
	w   io.Writer
	end context.CancelCauseFunc
}

func (r refusing) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil {
		r.end(err)
	}
	return n, err
}

// RemoteError is a search that could not be run, or ended early.
type RemoteError struct {
	Err error
	// Said is the end of its standard error.
	Said string
}

func (e *RemoteError) Error() string {
	if e.Said != "" {
		return e.Said
	}
	return e.Err.Error()
}

func (e *RemoteError) Unwrap() error { return e.Err }
