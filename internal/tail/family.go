package tail

import (
	"bytes"
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// family are the contents that share a path identity: files that are there,
// were there, or are known from the journal. Identities are told apart within
// it.
type family struct {
	known []*known
	// taken are the generations that heads have, also of contents that are not
	// in known any more; ordered by the heads.
	taken []taken
	// met are those of the contents which are not in known any more that were
	// read since the start; nil when there are none.
	met map[event.SourceID]bool
	// dropped says that the journal may know contents that known has not, or
	// not any more.
	dropped bool
	// unidentified counts the readings that may turn out to be one of known.
	unidentified int
	// index is nil in a small family.
	index *index
}

// taken says that the generations before next are taken for a head.
type taken struct {
	head [16]byte
	next uint32
}

// known is a content that has an identity. by is who reads it now; fresh says
// that nobody has before, met that it was read since the start, missed that it
// was not found, and ended that nobody can read it again because it was
// overwritten, unless from a copy.
type known struct {
	frame.Source
	by                        *reading
	fresh, met, missed, ended bool
}

// family returns the contents of a path identity, as the journal knows them
// when it is asked for the first time.
func (l *Lane) family(path string) *family {
	if f := l.families[path]; f != nil {
		return f
	}
	f := new(family)
	f.load(l.engine.opts.Positions, path)
	l.families[path] = f
	return f
}

// load takes in what the journal knows and the family does not, or not any
// more.
func (f *family) load(positions Positions, path string) {
	var met map[event.SourceID]bool
	for _, s := range positions.Find(path) {
		if f.find(s.ID) == nil {
			f.keep(&known{Source: s, met: f.met[s.ID]})
		}
		if f.met[s.ID] {
			met = with(met, s.ID)
		}
	}
	f.met, f.dropped = met, false
}

// drop lets go of a content that the journal knows.
func (f *family) drop(k *known) {
	if k == nil {
		return
	}
	f.dropped = true
	f.known = slices.DeleteFunc(f.known, func(o *known) bool { return o == k })
	f.index.drop(k)
	if k.met {
		f.met = with(f.met, k.ID)
	}
}

// with adds an id to a set that is nil while it is empty.
func with(set map[event.SourceID]bool, id event.SourceID) map[event.SourceID]bool {
	if set == nil {
		set = make(map[event.SourceID]bool)
	}
	set[id] = true
	return set
}

// keep adds a content that has a generation.
func (f *family) keep(k *known) {
	f.known = append(f.known, k)
	if f.index == nil && len(f.known) > smallFamily {
		f.index = newIndex(f.known[:len(f.known)-1])
	}
	f.index.add(k)
	f.claim(k.Identity.Head, k.Identity.Generation)
}

// find returns the content of an id.
func (f *family) find(id event.SourceID) *known {
	if f.index != nil {
		return f.index.byID[id]
	}
	for _, k := range f.known {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// lastIn are the contents that were seen last in the inode of a file.
func (f *family) lastIn(file *file) []*known {
	if f.index != nil {
		return f.index.byInode[inode{file.dev, file.ino}]
	}
	var all []*known
	for _, k := range f.known {
		if k.Ino == file.ino && k.Dev == file.dev {
			all = append(all, k)
		}
	}
	return all
}

// release takes a content from its reader, which leaves it in a state.
func (f *family) release(k *known, s frame.Source) {
	indexed := f.index != nil && f.find(k.ID) == k
	if indexed {
		f.index.drop(k)
	}
	k.Source, k.by, k.fresh = s, nil, false
	if indexed {
		f.index.add(k)
	}
}

// claim notes that a head has a generation.
func (f *family) claim(head [16]byte, generation uint32) {
	at, found := f.placeOf(head)
	if !found {
		f.taken = slices.Insert(f.taken, at, taken{head: head})
	}
	f.taken[at].next = max(f.taken[at].next, generation+1)
}

// nextOf is the first generation that a head has free.
func (f *family) nextOf(head [16]byte) uint32 {
	if at, found := f.placeOf(head); found {
		return f.taken[at].next
	}
	return 0
}

func (f *family) placeOf(head [16]byte) (at int, found bool) {
	return slices.BinarySearchFunc(f.taken, head, func(t taken, head [16]byte) int { return bytes.Compare(t.head[:], head[:]) })
}

// add gives a new content its identity: the next generation of those with the
// same path and head.
func (f *family) add(r *reading, head [16]byte) *known {
	id := event.Identity{
		Path: r.file.chain.identity, Head: head, Generation: max(r.generation, f.nextOf(head)),
	}
	k := &known{fresh: true, Source: frame.Source{
		ID: id.IDOn(r.lane.engine.opts.Node), Identity: id, Dev: r.file.dev, Ino: r.file.ino,
	}}
	f.keep(k)
	return k
}

// take gives a content to its reader. The identity and the start of a new one
// must survive a restart, even if nothing is read for long, and so must where
// a copy goes on, and that a file which was deleted is back.
func (f *family) take(k *known, r *reading) {
	f.unidentified--
	k.by, k.met, r.known = r, true, k
	r.file.chain.joiner.readOnIn(r, k.ID)
	r.lane.engine.opts.Positions.Present(k.ID, true)
	r.open(k)
	if k.fresh || k.ended || k.Final {
		r.lane.moved(r)
	}
	if k.ended {
		k.ended = false
		c := r.file.chain
		c.truncated = slices.DeleteFunc(c.truncated, func(o *known) bool { return o == k })
	}
}

// recognise finds the known content that the file has or continues.
func (l *Lane) recognise(r *reading, head [16]byte) (*known, error) {
	path := r.file.chain.identity
	fam := l.family(path)
	k, err := fam.match(r, head)
	if k != nil || err != nil {
		return k, err
	}
	if fam.dropped {
		fam.load(l.engine.opts.Positions, path)
		k, err = fam.match(r, head)
	}
	if k != nil || err != nil || r.file.compressed == nil {
		return k, err
	}
	busy, err := fam.isBeingRead(r, head)
	if busy {
		err = errCopy
	}
	return nil, err
}

// match looks among the known contents. Of several, the one that was last seen
// in this inode, or else under this name, is taken. Those of this inode are
// compared first: a directory may have thousands of logs that begin alike.
func (f *family) match(r *reading, head [16]byte) (*known, error) {
	k, err := best(r, head, f.lastIn(r.file))
	if k != nil || err != nil {
		return k, err
	}
	return best(r, head, f.known)
}

// best compares the file with some contents. It returns errCopy for one that was
// read and has a record that goes on in a newer file, until that is recorded.
func best(r *reading, head [16]byte, among []*known) (*known, error) {
	var best *known
	for _, k := range r.candidates(among) {
		if k.by != nil || k.ended && !r.mayCopy(k) || k.Identity.Head != head || r.generation > 0 {
			continue
		}
		ok, err := r.continues(&k.Source)
		if ok && k.inUse() {
			err = errCopy
		}
		if err != nil {
			return nil, err
		}
		if ok && (best == nil || k.closeness(r) > best.closeness(r)) {
			best = k
		}
	}
	return best, nil
}

func (k *known) closeness(r *reading) int {
	n := 0
	if k.Ino == r.file.ino && k.Dev == r.file.dev {
		n += 2
	}
	if path := *r.file.path.Load(); k.Path == path || isCompressionOf(path, k.Path) {
		n++
	}
	return n
}
