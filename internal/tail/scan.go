package tail

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/tail/confine"
)

// clockStep is by how much the time of a file may be behind the clock: FAT has
// steps of two seconds.
const clockStep = 2 * time.Second

// looks bounds how often a scan that finds new files is repeated at once.
const looks = 4

// scan looks for files at and below directories, an empty one for all, opens
// what is new, follows what was renamed, forgets what is gone, and gives the new
// ones to their lanes. A file may be renamed while its directory is listed, so
// that the listing has only the newer one that took its name: where something
// new is found, it is looked again until nothing is.
func (e *Engine) scan(ctx context.Context, under ...string) {
	if e.begun == 0 {
		e.begun = e.opts.wall().Add(-clockStep).UnixNano()
	}
	e.markAbsent(newArea(under), e.opts.Now().UnixNano())
	e.reopen()
	complete := true
	for range looks {
		arrived := len(e.arrived)
		complete = e.look(ctx, under) && complete
		if len(e.arrived) == arrived {
			break
		}
		under = where(e.arrived[arrived:])
	}
	if complete && ctx.Err() == nil {
		e.forget()
	}
	e.admit()
	e.started = true
}

// where lists the directories of the files that have arrived in chains.
func where(chains []*chain) []string {
	dirs := make(area)
	for _, c := range chains {
		for _, f := range c.arriving {
			dirs[path.Dir(*f.path.Load())] = true
		}
	}
	return slices.Collect(maps.Keys(dirs))
}

// admit gives the files that a scan has opened to their lanes, all at once:
// no file may be read before an older one that was listed later.
func (e *Engine) admit() {
	for _, c := range e.arrived {
		e.mu.Lock()
		// Only now each file's place is known by its name.
		for _, f := range c.arriving {
			c.insert(f)
		}
		c.arriving = nil
		c.publish(c.files)
		e.mu.Unlock()
		c.lane.enqueue(c)
	}
	clear(e.arrived)
	e.arrived = e.arrived[:0]
}

// look reports false when not everything could be looked at.
func (e *Engine) look(ctx context.Context, under []string) bool {
	complete := true
	for _, dir := range under {
		complete = e.lookInto(ctx, dir) && complete
	}
	return complete
}

// lookInto reports false when not everything could be looked at.
func (e *Engine) lookInto(ctx context.Context, dir string) bool {
	complete := true
	for _, p := range e.opts.Providers {
		err := p.Scan(ctx, dir, func(t Target) { e.found(p, t) })
		if err == nil || ctx.Err() != nil {
			continue
		}
		complete = false
		e.exhausted(err)
		// Descriptors that run out are told of under the empty name.
		if e.told.once("in "+dir, err.Error()) {
			e.opts.Logger.Warn("cannot look for log files everywhere; it is tried again", "directory", quote(dir), "error", err)
		}
	}
	return complete
}

// settle lets the lanes account for known files that were not found. It comes
// some time after the start, since directories may be mounted late.
func (e *Engine) settle() {
	for _, l := range e.lanes {
		l.unsettled.Store(true)
		l.rouse()
	}
}

// markAbsent supposes that everything below directories is gone.
func (e *Engine) markAbsent(under area, now int64) {
	for _, c := range e.chains {
		for _, f := range c.files {
			if under.has(*f.path.Load()) {
				f.poll.present = false
			}
		}
		for i := range c.closed {
			if k := &c.closed[i]; k.absent == 0 && under.has(k.path) {
				k.absent = now
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for path := range e.unread {
		if under.has(path) {
			delete(e.unread, path)
		}
	}
}

// found takes a file that a provider has found.
func (e *Engine) found(p Provider, t Target) {
	if t.Excluded == "" {
		t.Excluded = e.excludedBy(t.PathIdentity)
	}
	switch {
	case t.Excluded != "":
		e.leaveOut(&t, StateExcluded, t.Excluded)
		e.dismiss(&t)
		return
	case t.Refused != "":
		e.leaveOut(&t, StateRefused, t.Refused)
		return
	}
	c := e.chainOf(p, &t)
	if t.Superseded && !c.superseded.Swap(true) {
		c.lane.enqueue(c)
	}
	if e.isKnown(c, &t) {
		return
	}
	if err := e.add(c, &t); err != nil {
		e.refuse(&t, err)
	}
}

func (e *Engine) chainOf(p Provider, t *Target) *chain {
	if c := e.chains[t.Chain]; c != nil {
		return c
	}
	c := &chain{key: t.Chain, identity: t.PathIdentity, provider: p, lane: e.laneOf(t.PathIdentity)}
	if e.started {
		c.since = e.begun
	}
	e.mu.Lock()
	e.chains[t.Chain] = c
	e.mu.Unlock()
	return c
}

// isKnown says whether the name stands for a file that is open, or that was
// read to its end and has not changed since.
func (e *Engine) isKnown(c *chain, t *Target) bool {
	root, err := e.root(t.Root)
	if err != nil {
		return false
	}
	var st unix.Stat_t
	if root.Stat(t.Name, &st) != nil {
		return false
	}
	if f := c.find(uint64(st.Dev), st.Ino); f != nil && e.isStill(f, t, &st) {
		f.rename(t)
		return true
	}
	return c.isClosed(&st) || e.isElsewhere(c, t, &st)
}

// isElsewhere says whether another chain has the file. While a log is rotated
// there is a moment without a live file, in which the file that was renamed
// may be taken for one on its own.
func (e *Engine) isElsewhere(c *chain, t *Target, st *unix.Stat_t) bool {
	other := e.owners[inode{uint64(st.Dev), st.Ino}]
	if other == nil || other == c {
		return false
	}
	if f := other.find(uint64(st.Dev), st.Ino); f != nil && e.isStill(f, t, st) {
		f.poll.present, f.poll.absent = true, 0
		return true
	}
	return other.isClosed(st)
}

// rename notes under which name a file is now.
func (f *file) rename(t *Target) {
	f.poll.present, f.poll.absent = true, 0
	if t.Root == f.root && t.Name == f.name {
		return
	}
	f.call(t)
	f.poll.order = t.Order
	f.poll.hurry()
}

// call gives a file the name of a target. Its parts share their bytes: there may
// be very many files.
func (f *file) call(t *Target) {
	path := t.Path()
	if path == f.chain.key {
		path = f.chain.key
	}
	f.root, f.name = t.Root, t.Name
	if strings.HasSuffix(path, t.Name) {
		f.name = path[len(path)-len(t.Name):]
	}
	f.path.Store(&path)
	f.live.Store(t.Order == Live)
}

// add opens a file that was not known, or lets it wait for room.
func (e *Engine) add(c *chain, t *Target) error {
	fd, st, err := e.openOrWait(t)
	if err != nil {
		return err
	}
	if f := c.find(uint64(st.Dev), st.Ino); f != nil {
		// It was renamed between the two looks.
		f.poll.present = true
		return closeIfOpen(fd)
	}
	f := &file{
		chain: c, target: *t, fd: fd, dev: uint64(st.Dev), ino: st.Ino,
		initial: !e.started && !e.isNew(fd), modified: st.Mtim.Nano(), touched: st.Mtim.Nano(),
		poll: poll{present: true, order: t.Order, grown: e.opts.Now().UnixNano()},
	}
	e.busy = append(e.busy, f)
	e.take(f)
	c.reopened(f)
	e.owners[inode{f.dev, f.ino}] = c
	f.call(t)
	f.target.Root, f.target.Name = f.root, f.name
	f.target.Chain, f.target.PathIdentity = c.key, c.identity
	if t.Compressed {
		f.compressed = &compressed{announced: -1, retryAfter: retryAfter}
	}
	f.note(st.Size, f.touched)
	c.arriving = append(c.arriving, f)
	e.arrived = append(e.arrived, c)
	return nil
}

// isNew says whether a file of the first look was made since the engine before
// this one looked last.
func (e *Engine) isNew(fd int) bool {
	return !e.opts.TakesOver.IsZero() && confine.Born(fd) > e.opts.TakesOver.UnixNano()
}

// openFile opens a target beneath its root.
func (e *Engine) openFile(t *Target) (int, unix.Stat_t, error) {
	root, err := e.root(t.Root)
	if err != nil {
		return -1, unix.Stat_t{}, err
	}
	return root.Open(t.Name)
}

// refuse notes why a file is not read.
func (e *Engine) refuse(t *Target, err error) {
	if errors.Is(err, unix.ENOENT) {
		return
	}
	reason := err.Error()
	var refused *confine.Refused
	if errors.As(err, &refused) {
		reason = refused.Reason
	}
	e.leaveOut(t, StateRefused, reason)
}

// leaveOut keeps the status of a file that is not read, and says so once.
func (e *Engine) leaveOut(t *Target, state State, reason string) {
	path := t.Path()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unread[path] = unreadFile{state, reason, t.PathIdentity}
	if state == StateRefused && e.told.once(path, reason) {
		e.opts.Logger.Warn("a log file is not read", "path", quote(path), "reason", reason)
	}
}

// forget drops what is gone, after everything was looked for.
func (e *Engine) forget() {
	now := e.opts.Now().UnixNano()
	for key, c := range e.chains {
		c.forgetClosed(e.opts.Positions, now)
		e.missResting(c, now)
		if len(c.files) == 0 && len(c.arriving) == 0 && len(c.closed) == 0 {
			c.lane.forget(absence{identity: c.identity, chain: c})
			e.mu.Lock()
			delete(e.chains, key)
			e.mu.Unlock()
		}
	}
	maps.DeleteFunc(e.owners, func(i inode, c *chain) bool { return !c.has(i) })
}
