package gather

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/nodestream"
)

// Phase is what a node is doing.
type Phase int

// The phases of a node.
const (
	// Queued nodes wait for others to be done (--max-concurrency).
	Queued Phase = iota
	// Connecting nodes were asked and have not answered.
	Connecting
	// Waiting nodes let other searches go first.
	Waiting
	// Searching nodes are at State.At.
	Searching
	// Following nodes have given all that they had.
	Following
	// Done nodes have answered to the end, Failed ones have not.
	Done
	Failed
)

// State is how far a node is.
type State struct {
	Node  string
	Phase Phase
	// At is the time before which it has no further lines, ns; 0 when that is
	// not known.
	At int64
}

// line is one that waits for its turn.
type line struct {
	time       int64
	match, gap bool
	doc        []byte
	size       int
}

// feed is what has come of a node. What it holds is bounded by what was granted.
type feed struct {
	name string
	m    *merge

	// The merge's lock guards what follows.
	lines   []line
	gap     bool
	phase   Phase
	bound   int64
	heard   bool // said anything at all
	ended   bool // sent its last record
	over    bool // nothing more comes
	damage  []string
	summary nodestream.Summary
	err     error

	// seated is called when the first line has come: others may search then.
	seated  func()
	silence *time.Timer
	quiet   time.Duration
	grants  *grants
	// granted is what the node may still send, and owed what was taken from it
	// since the last grant.
	granted, owed int
}

// handle takes in a record.
func (f *feed) handle(r *nodestream.Record) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.over {
		return io.ErrClosedPipe
	}
	f.silence.Reset(f.quiet)
	f.heard = true
	switch r.Kind {
	case nodestream.Match, nodestream.Context:
		return f.add(r)
	case nodestream.Gap:
		f.gap = true
	case nodestream.Bound:
		f.bound, f.phase = max(f.bound, r.Time), Searching
	case nodestream.Waiting:
		f.phase = Waiting
	case nodestream.Working:
		f.phase = Searching
	case nodestream.Damaged:
		f.note(string(r.Text))
	case nodestream.Following:
		f.phase = Following
	case nodestream.End:
		return f.end(r.Text)
	case nodestream.Alive:
		return nil
	}
	f.m.changed.Broadcast()
	return nil
}

func (f *feed) add(r *nodestream.Record) error {
	// The last line may take more than was granted.
	if f.granted <= 0 {
		return errors.New("it sends more than it was asked for")
	}
	f.granted -= r.Size
	f.lines = append(f.lines, line{time: r.Time, match: r.Kind == nodestream.Match, gap: f.gap, doc: append([]byte(nil), r.Text...), size: r.Size})
	f.gap = false
	f.phase = max(f.phase, Searching)
	f.seated()
	f.m.changed.Broadcast()
	return nil
}

// maxDamage bounds the messages that are kept of a node.
const maxDamage = 10

func (f *feed) note(message string) {
	if len(f.damage) < maxDamage {
		f.damage = append(f.damage, message)
	}
}

func (f *feed) end(summary []byte) error {
	if err := json.Unmarshal(summary, &f.summary); err != nil {
		return fmt.Errorf("the end of the answer is not understood: %w", err)
	}
	f.ended = true
	f.m.changed.Broadcast()
	return nil
}

// take removes the first line and grants the node more when enough was taken.
func (f *feed) take(window int) line {
	l := f.lines[0]
	f.lines[0] = line{}
	f.lines = f.lines[1:]
	f.bound = max(f.bound, l.time)
	if f.owed += l.size; f.owed >= window/2 {
		f.granted += f.owed
		f.grants.give(f.owed)
		f.owed = 0
	}
	return l
}

// finish notes that nothing more comes, and why.
func (f *feed) finish(err error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.silence != nil {
		f.silence.Stop()
	}
	f.over, f.phase = true, Done
	if err != nil {
		f.err, f.phase = err, Failed
	}
	f.m.changed.Broadcast()
}

// failure is why the node has not answered.
func (f *feed) failure() Failure { return Failure{Node: f.name, Heard: f.heard, Err: f.err} }

// grants is the standard input of a search: what it was granted, and a word now
// and then that somebody is still there.
type grants struct {
	r    *io.PipeReader
	w    *io.PipeWriter
	more chan struct{}

	mu   sync.Mutex
	owed int
}

func newGrants(window int) *grants {
	g := &grants{more: make(chan struct{}, 1)}
	g.r, g.w = io.Pipe()
	g.give(window)
	return g
}

// give never waits.
func (g *grants) give(n int) {
	g.mu.Lock()
	g.owed += n
	g.mu.Unlock()
	select {
	case g.more <- struct{}{}:
	default:
	}
}

// send writes the grants until ctx ends.
func (g *grants) send(ctx context.Context) {
	defer g.w.Close()
	tick := time.NewTicker(nodestream.KeepaliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.more:
		case <-tick.C:
		}
		g.mu.Lock()
		text := strconv.AppendInt(nil, int64(g.owed), 10)
		g.owed = 0
		g.mu.Unlock()
		if _, err := g.w.Write(append(text, '\n')); err != nil {
			return
		}
	}
}
