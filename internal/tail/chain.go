package tail

import (
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/pipeline/event"
)

// chain is a live file and what was rotated away from it: files that are read
// one after the other, the oldest first.
type chain struct {
	key, identity string
	provider      Provider
	lane          *Lane
	// since is when everything was looked for first, ns, of a chain of which
	// nothing was there then: what was written later belongs to it. 0 of the
	// others.
	since int64

	// view is the list of files to read, published by the engine.
	view atomic.Pointer[[]*file]
	// queued says that the chain waits in its lane's queue, served that it had
	// something to read when it was looked at last.
	queued, served atomic.Bool
	superseded     atomic.Bool

	// files and closed are the engine's: what it published, and what was read
	// to its end and is still there under its name.
	files  []*file
	closed []closedFile
	// arriving are the files that a scan has opened and lanes do not know yet.
	arriving []*file

	// joiner, sequence and hold are the lane's.
	joiner   joiner
	sequence int
	// truncated are the contents that the live file had before it was truncated,
	// the last one at the end, each until a copy of it is read.
	truncated []*known
	hold      hold
	// passed says that the gate has let the chain through; the lane's.
	passed bool
	// class is the frame class of the chain's sources, wanted the one that they
	// were described with last; the lane's.
	class, wanted string
	// excluded says that what is open of the chain must not be read on, as the gate
	// said at the refresh asked, until when the chain was excluded last, ns; the
	// lane's.
	excluded bool
	asked    uint64
	until    int64
	// inflating is nil unless a compressed file of the chain is being read.
	inflating *inflating
}

// closedFile is a file that was read to its end and closed.
type closedFile struct {
	dev, ino uint64
	size     int64
	modified int64
	path     string
	// absent is since when scans do not find it, ns; 0 while they do.
	absent int64
	// source is nil when the content was never identified.
	source *event.Source
}

// absentFor is how long a file that was closed must not be found before it is
// forgotten: a scan may miss one that is being renamed, ns.
const absentFor = int64(time.Minute)

// insert puts a newly opened file in its place: before the first file that is
// newer, else at the end. Files that were deleted keep their places: their names
// may have changed since they were seen.
// Lanes see it when it is published.
func (c *chain) insert(f *file) {
	at := len(c.files)
	for i, g := range c.files {
		if g.isNewer(f) && (g.poll.present || !g.isDeleted()) {
			at = i
			break
		}
	}
	// A new slice, since lanes hold the old one.
	files := make([]*file, 0, len(c.files)+1)
	files = append(append(append(files, c.files[:at]...), f), c.files[at:]...)
	c.files = files
}

// isNewer says whether f comes behind g in their chain: what was compressed
// comes behind what it was made of.
func (f *file) isNewer(g *file) bool {
	if f.poll.order == g.poll.order {
		return f.compressed != nil && g.compressed == nil
	}
	return f.poll.order > g.poll.order
}

// publish gives lanes the files as they are now.
func (c *chain) publish(files []*file) {
	c.files = files
	c.view.Store(&files)
}

// remember keeps what a scan needs to recognise a file that was closed.
func (c *chain) remember(positions Positions, f *file, now int64) {
	source := f.source.Load()
	switch {
	case f.dismissed.Load():
		// It was not read to its end: it is like a new one when it is found.
		c.forgetContent(positions, source, false)
	case !f.gone.Load():
		c.closed = append(c.closed, f.closed(now))
	case source != nil:
		c.lane.forget(absence{identity: c.identity, id: source.ID})
	}
}

// closed is what remains of a file that was not deleted when its lane was done
// with it. It may have been written to since, or deleted.
func (f *file) closed(now int64) closedFile {
	k := closedFile{
		dev: f.dev, ino: f.ino, size: f.ended.Load(), modified: f.touched, path: *f.path.Load(), source: f.source.Load(),
	}
	if f.compressed != nil {
		k.size = f.last
	}
	if f.unlinked.Load() {
		// The inode may be given to another file.
		k.dev, k.ino = 0, 0
	}
	if f.unlinked.Load() || !f.poll.present {
		k.absent = now
	}
	return k
}

// reopened forgets that a file was closed: it has grown since.
func (c *chain) reopened(f *file) {
	c.closed = slices.DeleteFunc(c.closed, func(k closedFile) bool { return k.dev == f.dev && k.ino == f.ino })
}

// find returns the file of an inode that is being read. An inode is not given
// again while a descriptor holds it; that of a file that was given up may be,
// at once.
func (c *chain) find(dev, ino uint64) *file {
	isIt := func(f *file) bool { return f.dev == dev && f.ino == ino && !f.poll.vanished && !f.abandoned.Load() }
	if i := slices.IndexFunc(c.files, isIt); i >= 0 {
		return c.files[i]
	}
	if i := slices.IndexFunc(c.arriving, isIt); i >= 0 {
		return c.arriving[i]
	}
	return nil
}

// isClosed says whether an inode is a file that was read to its end and has
// not grown since.
func (c *chain) isClosed(st *unix.Stat_t) bool {
	for i := range c.closed {
		k := &c.closed[i]
		if k.dev == uint64(st.Dev) && k.ino == st.Ino && k.size == st.Size && k.modified == st.Mtim.Nano() {
			k.absent = 0
			return true
		}
	}
	return false
}

// inode names a file while it exists.
type inode struct{ dev, ino uint64 }

// has says whether the chain has the file, open or closed.
func (c *chain) has(i inode) bool {
	return c.find(i.dev, i.ino) != nil ||
		slices.ContainsFunc(c.closed, func(k closedFile) bool { return k.dev == i.dev && k.ino == i.ino })
}

// forgetClosed drops the files that have not been there for a while.
func (c *chain) forgetClosed(positions Positions, now int64) {
	c.closed = slices.DeleteFunc(c.closed, func(k closedFile) bool {
		gone := k.absent != 0 && now-k.absent >= absentFor
		if gone && !c.isElsewhere(&k) {
			c.forgetContent(positions, k.source, true)
		}
		return gone
	})
}

// forgetContent lets go of a content, if it was ever identified; deleted says that
// it is nowhere.
func (c *chain) forgetContent(positions Positions, source *event.Source, deleted bool) {
	if source != nil {
		positions.Present(source.ID, false)
		c.lane.forget(absence{identity: c.identity, id: source.ID, deleted: deleted})
	}
}

// isElsewhere says whether the content of a file that is gone is in another
// one, which was made of it by compression.
func (c *chain) isElsewhere(k *closedFile) bool {
	if k.source == nil {
		return false
	}
	return slices.ContainsFunc(c.closed, func(o closedFile) bool {
		return o.absent == 0 && o.source != nil && o.source.ID == k.source.ID
	}) || slices.ContainsFunc(c.files, func(f *file) bool {
		src := f.source.Load()
		return src != nil && src.ID == k.source.ID
	})
}

// current are the files that a lane reads now.
func (c *chain) current() []*file {
	if v := c.view.Load(); v != nil {
		return *v
	}
	return nil
}
