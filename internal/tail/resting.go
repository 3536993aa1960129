package tail

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/tail/confine"
)

// measureResting looks at a file by its name, and has it opened when it has
// changed or a lane asks for it. If the name stands for another file, the next
// scan finds out what became of it.
func (e *Engine) measureResting(f *file, now int64) {
	if f.wanted.Swap(false) {
		e.enqueue(f)
	}
	if now < f.poll.next || f.unlinked.Load() {
		return
	}
	var st unix.Stat_t
	root, err := e.root(f.root)
	changed := err == nil && root.Stat(f.name, &st) == nil && f.isInode(&st) && !f.isUnchanged(&st)
	f.poll.schedule(now, changed, idleInterval(e.count))
	if t := f.named(); changed && e.isStill(f, &t, &st) {
		f.noteResting(&st)
		e.enqueue(f)
		f.chain.lane.put(f.chain)
	}
}

// noteResting takes what a name tells: lanes need to know that a successor has
// content, and what is lost if the file is deleted before it is opened.
func (f *file) noteResting(st *unix.Stat_t) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note(st.Size, st.Mtim.Nano())
}

// named is the file's target under the name that it has now.
func (f *file) named() Target {
	t := f.target
	t.Root, t.Name = f.root, f.name
	return t
}

func (f *file) isInode(st *unix.Stat_t) bool { return f.dev == uint64(st.Dev) && f.ino == st.Ino }

// isUnchanged compares with what was seen last of a resting file, which no
// lane changes.
func (f *file) isUnchanged(st *unix.Stat_t) bool {
	return st.Size == f.last && st.Mtim.Nano() == f.touched
}

// revive gives a resting file a descriptor. One that cannot be opened just now
// is tried again when it is measured; one that is not there any more is left
// to the next scan.
func (e *Engine) revive(f *file) {
	if f.poll.vanished || f.done.Load() {
		return
	}
	t := f.named()
	fd, st, err := e.openFile(&t)
	switch {
	case e.exhausted(err):
		e.enqueue(f)
		return
	case err != nil:
		e.cannotRevive(f, &t, err)
		return
	case !f.isInode(&st):
		_ = unix.Close(fd)
		e.sought(f)
		return
	case confine.Born(fd) != f.born:
		_ = unix.Close(fd)
		e.vanish(f)
		return
	}
	f.mu.Lock()
	f.fd = fd
	f.resting.Store(false)
	f.settled.Store(false)
	// The descriptor is good, so nothing is wrong with the file.
	_ = f.measure()
	f.mu.Unlock()
	e.open.Add(1)
	e.holders = append(e.holders, f)
	f.poll.hurry()
	f.chain.lane.put(f.chain)
}

// cannotRevive tries later, unless what is there now must not be read.
func (e *Engine) cannotRevive(f *file, t *Target, err error) {
	e.sought(f)
	var refused *confine.Refused
	if errors.As(err, &refused) {
		e.vanish(f)
	}
	e.refuse(t, err)
}

// sought takes a file for deleted that a lane waits for and scans do not find
// either: what came in its place must not wait for as long as absentFor.
func (e *Engine) sought(f *file) {
	f.wanted.Store(true)
	if f.poll.absent != 0 && e.opts.Now().UnixNano()-f.poll.absent >= int64(e.opts.Grace) {
		e.vanish(f)
	}
}

// isStill says whether a name stands for a file that is being read and not for
// a new one that got its inode, which may happen as soon as no descriptor holds
// it. Then the old one is gone.
func (e *Engine) isStill(f *file, t *Target, st *unix.Stat_t) bool {
	if !f.resting.Load() || f.unlinked.Load() {
		return !f.resting.Load()
	}
	if f.isUnchanged(st) || e.bornOf(t) == f.born {
		return true
	}
	e.vanish(f)
	return false
}

// bornOf is when what a name stands for was created; 0 when that is not known.
func (e *Engine) bornOf(t *Target) int64 {
	root, err := e.root(t.Root)
	if err != nil {
		return 0
	}
	return root.Born(t.Name)
}

// missResting takes resting files for deleted that scans have not found for
// long: one that is being renamed may be missed.
func (e *Engine) missResting(c *chain, now int64) {
	for _, f := range c.files {
		switch {
		case !f.resting.Load() || f.poll.present || f.poll.vanished:
		case f.poll.absent == 0:
			f.poll.absent = now
		case now-f.poll.absent >= absentFor:
			e.vanish(f)
		}
	}
}

// vanish has a lane end a file that was deleted while it had no descriptor, and
// count what was unread when it was seen last.
func (e *Engine) vanish(f *file) {
	if f.unread() > 0 {
		what := "what was unread is counted as lost"
		if f.source.Load() == nil {
			// Of its content nothing is known that a compressed file could be
			// compared with: counting it would count what was read there.
			what = "its lines are lost and not counted, since none was seen"
		}
		e.opts.Logger.Warn("a log file was deleted before it was read, while there were too few descriptors to have it open; "+
			what+", unless a compressed file has it. Raise the limit of open files (ulimit -n, LimitNOFILE=)",
			"path", quote(*f.path.Load()), "unread_bytes", f.unread())
	}
	f.poll.vanished = true
	// Also of one that was read to its end as far as was seen: a compressed file
	// may have more of it.
	f.abandoned.Store(true)
	f.unlinked.Store(true)
	f.chain.lane.enqueue(f.chain)
}
