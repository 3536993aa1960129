package tail

import (
	"context"
	"hash/maphash"
	"io"
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
	// watch tells where names came or went.
	watch *watcher

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

	// started is set when everything was looked for once, begun is when that
	// began, by the clock of files' times, ns.
	started bool
	begun   int64
	descriptors
	// count is how many files there were when they were looked through last.
	count int
	// busy are the files that grew lately or are due soon, measured is when
	// they were measured last, nextWalk when all files are looked through
	// again, ns.
	busy               []*file
	measured, nextWalk int64
	// refreshes counts the calls of Refresh, from 1 on.
	refreshes atomic.Uint64
	// stopped is set before the files are closed.
	stopped atomic.Bool
	told    told
}

// unreadFile is a file that was found and is not read.
type unreadFile struct {
	state            State
	reason, identity string
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
		unread: make(map[string]unreadFile), watch: newWatcher(opts.Logger), descriptors: descriptors{limit: opts.MaxFiles},
	}
	e.refreshes.Store(1)
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
	defer e.watch.close()
	defer e.closeAll()
	measure := time.NewTimer(tick)
	defer measure.Stop()
	rescan := time.NewTimer(e.opts.Rescan)
	defer rescan.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	e.scanAll(ctx)
	var changed <-chan struct{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
			changed = e.watch.changed
		case <-changed:
			changed = nil
			pause.Reset(scanPause * e.timed(func() { e.scanChanged(ctx) }))
			// Events that come faster than ticks must not put off measuring.
			e.measure(e.opts.Now().UnixNano())
			measure.Reset(e.period())
		case <-rescan.C:
			rescan.Reset(max(e.opts.Rescan, rescanPause*e.timed(func() { e.scanAll(ctx) })))
			e.settle()
		case <-measure.C:
			e.measure(e.opts.Now().UnixNano())
			e.watch.lookAround(e.opts.Now().UnixNano())
			measure.Reset(e.period())
		}
	}
}

// How many times as long as a scan took nothing is looked for after it: when
// names come and go all the time, and when everything is looked for although
// nothing is known to have changed. It bounds what scans cost on a node with
// very many files.
const (
	scanPause   = 2
	rescanPause = 100
)

func (e *Engine) timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// period is how long nothing needs to be measured.
func (e *Engine) period() time.Duration {
	if len(e.busy) == 0 && len(e.queue) == 0 {
		return time.Duration(idleFirst)
	}
	return tick
}

// scanAll looks for everything.
func (e *Engine) scanAll(ctx context.Context) {
	e.scan(ctx, "")
	e.scanAdded(ctx, e.watch.follow(e.opts.Providers, true))
}

// scanChanged looks where names came or went.
func (e *Engine) scanChanged(ctx context.Context) {
	e.scan(ctx, e.watch.fewOrAll(e.watch.take())...)
	e.scanAdded(ctx, e.watch.follow(e.opts.Providers, false))
}

// scanAdded looks once more into directories that are watched from now on: what
// came into them before raised no event.
func (e *Engine) scanAdded(ctx context.Context, added []string) {
	for range looks {
		if len(added) == 0 {
			return
		}
		e.scan(ctx, e.watch.fewOrAll(added)...)
		added = e.watch.follow(e.opts.Providers, false)
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
	for _, p := range e.opts.Providers {
		if c, ok := p.(io.Closer); ok {
			_ = c.Close()
		}
	}
}
