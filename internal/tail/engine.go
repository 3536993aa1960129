package tail

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/internal/tail/confine"
)

// Engine discovers, opens and measures files for its lanes.
type Engine struct {
	opts  Options
	lanes []*Lane
	// limiter is nil when nothing is limited.
	limiter *limiter
	seed    maphash.Seed
	roots   map[string]*confine.Root
	gaps    gaps
	again   again
	// damaged counts the compressed files that are not whole.
	damaged atomic.Int64

	// mu guards what Files and the engine's goroutine share. Only the latter
	// writes, so it reads without the lock.
	mu     sync.Mutex
	chains map[string]*chain
	// owners has the chain that opened a file.
	owners map[inode]*chain
	// arrived are the chains to which a scan has added files that lanes do not
	// know yet.
	arrived []*chain
	unread  map[string]unreadFile

	// started is set when everything was looked for once.
	started bool
	descriptors
	// count is how many files there were when they were looked through last.
	count int
	// busy are the files that grew lately or are due soon, measured is when
	// they were measured last, nextWalk when all files are looked through
	// again, ns.
	busy               []*file
	measured, nextWalk int64
	// stopped is set before the files are closed.
	stopped atomic.Bool
	told    told
}

// unreadFile is a file that was found and is not read.
type unreadFile struct {
	state  State
	reason string
}

// told remembers which refusals were logged.
type told map[string]string

// maxTold bounds the memory; beyond it everything is told once more.
const maxTold = 10_000

// once says whether a reason is new for a path.
func (t *told) once(path, reason string) bool {
	if (*t)[path] == reason {
		return false
	}
	if *t == nil || len(*t) >= maxTold {
		*t = make(told)
	}
	(*t)[path] = reason
	return true
}

// NewEngine prepares an engine; Run starts it.
func NewEngine(opts Options) *Engine {
	opts.setDefaults()
	e := &Engine{
		opts: opts, limiter: newLimiter(opts.Limits), seed: maphash.MakeSeed(),
		roots: make(map[string]*confine.Root), chains: make(map[string]*chain), owners: make(map[inode]*chain),
		unread: make(map[string]unreadFile), descriptors: descriptors{limit: opts.MaxFiles},
	}
	for range opts.Lanes {
		e.lanes = append(e.lanes, newLane(e))
	}
	return e
}

// Lane is the i-th share of the files.
func (e *Engine) Lane(i int) *Lane { return e.lanes[i] }

// tick is how often files that were just written are measured.
const tick = 40 * time.Millisecond

// Run discovers and measures until ctx ends, and closes the files: lanes read
// nothing more then.
func (e *Engine) Run(ctx context.Context) error {
	watch := newWatcher(e.opts.Logger)
	defer watch.close()
	defer e.closeAll()
	e.scanAll(ctx, watch)
	measure := time.NewTimer(tick)
	defer measure.Stop()
	rescan := time.NewTicker(e.opts.Rescan)
	defer rescan.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case dir := <-watch.changed:
			e.scan(ctx, dir)
			watch.follow(e.opts.Providers)
			// Events that come faster than ticks must not put off measuring.
			e.measure(e.opts.Now().UnixNano())
			measure.Reset(e.period())
		case <-rescan.C:
			e.scanAll(ctx, watch)
			e.settle()
		case <-measure.C:
			e.measure(e.opts.Now().UnixNano())
			measure.Reset(e.period())
		}
	}
}

// period is how long nothing needs to be measured.
func (e *Engine) period() time.Duration {
	if len(e.busy) == 0 {
		return time.Duration(idleFirst)
	}
	return tick
}

// scanAll looks for everything, twice when directories are watched from now
// on: what came into them before they were watched raised no event.
func (e *Engine) scanAll(ctx context.Context, watch *watcher) {
	e.scan(ctx, "")
	if watch.follow(e.opts.Providers) {
		e.scan(ctx, "")
	}
}

// laneOf pins all files of a path identity to one lane: identities are given
// there.
func (e *Engine) laneOf(identity string) *Lane {
	return e.lanes[maphash.String(e.seed, identity)%uint64(len(e.lanes))]
}

// root opens a directory once.
func (e *Engine) root(path string) (*confine.Root, error) {
	if r := e.roots[path]; r != nil {
		return r, nil
	}
	r, err := confine.OpenRoot(path)
	if err == nil {
		e.roots[path] = r
	}
	return r, err
}

func (e *Engine) closeAll() {
	e.stopped.Store(true)
	for _, c := range e.chains {
		for _, f := range c.files {
			f.mu.Lock()
			f.shut()
			f.mu.Unlock()
		}
	}
	for _, r := range e.roots {
		_ = r.Close()
	}
}
