package tail

import "github.com/tailrace/tailrace/pipeline/event"

// Gate says which files may be read, and which yet. Calls come from any
// goroutine.
type Gate interface {
	// Ready says whether the files of a source may be read. It is asked again
	// until it says so, which it must do some time whatever happens.
	Ready(src *event.Source) bool
	// Excluded is the rule for which the files of a path identity are not read,
	// "" when they are, and until when they were excluded last, ns since the Unix
	// epoch: records of before are left out. It is asked again after a Refresh.
	Excluded(pathIdentity string) (rule string, until int64)
}

// gateEvery is how often a gate that holds files is asked again, ns.
const gateEvery = int64(100e6)

// passes says whether the gate lets a chain through, which it is asked before
// the chain's first turn. A chain that it holds sleeps; its files are open, so
// that nothing of them is lost meanwhile.
func (l *Lane) passes(c *chain) bool {
	files := c.current()
	if c.passed || l.engine.opts.Gate == nil || len(files) == 0 {
		return true
	}
	src := c.provider.Describe(&files[0].target)
	c.passed = l.engine.opts.Gate.Ready(&src)
	for _, f := range files {
		if c.passed {
			f.setState(StateWaiting)
		} else {
			f.setState(StateHeld)
		}
	}
	if !c.passed {
		files[0].wake(l.now() + gateEvery)
	}
	return c.passed
}

// Refresh has the sources of a pod described anew before their next batch:
// what describes them has changed. It may be called from any goroutine.
func (e *Engine) Refresh(podUID string) {
	e.refreshes.Add(1)
	for _, l := range e.lanes {
		l.staleMu.Lock()
		if l.stale == nil {
			l.stale = make(map[string]bool)
		}
		l.stale[podUID] = true
		l.isStale.Store(true)
		l.staleMu.Unlock()
	}
}

// refresh puts the sources to sleep that must be described anew.
func (l *Lane) refresh() {
	if !l.isStale.Load() {
		return
	}
	l.staleMu.Lock()
	stale := l.stale
	l.stale = nil
	l.isStale.Store(false)
	l.staleMu.Unlock()
	l.sleepers(func(r *reading) bool { return r.src != nil && stale[r.src.PodUID] })
}

// Identities lists the path identities of which there are files: read, not yet
// read, or read to their end and still there; and excluded, once for each file.
func (e *Engine) Identities() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]string, 0, len(e.chains))
	for _, c := range e.chains {
		all = append(all, c.identity)
	}
	for _, u := range e.unread {
		if u.state == StateExcluded {
			all = append(all, u.identity)
		}
	}
	return all
}
