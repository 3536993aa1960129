package tail

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// family are the contents that share a path identity: files that are there,
// were there, or are known from the journal. Identities are told apart within
// it.
type family struct {
	known []*known
	// taken are the generations that heads have, also of contents that are not
	// in known any more.
	taken []taken
	// met are those of the contents which are not in known any more that were
	// read since the start; nil when there are none.
	met map[event.SourceID]bool
	// dropped says that the journal may know contents that known has not, or
	// not any more.
	dropped bool
	// unidentified counts the readings that may turn out to be one of known.
	unidentified int
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
	f.met = met
}

// drop lets go of a content that the journal knows.
func (f *family) drop(k *known) {
	f.dropped = f.dropped || k != nil
	f.known = slices.DeleteFunc(f.known, func(o *known) bool { return o == k })
	if k != nil && k.met {
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
	f.claim(k.Identity.Head, k.Identity.Generation)
}

// claim notes that a head has a generation.
func (f *family) claim(head [16]byte, generation uint32) {
	for i := range f.taken {
		if t := &f.taken[i]; t.head == head {
			t.next = max(t.next, generation+1)
			return
		}
	}
	f.taken = append(f.taken, taken{head, generation + 1})
}

// nextOf is the first generation that a head has free.
func (f *family) nextOf(head [16]byte) uint32 {
	for i := range f.taken {
		if f.taken[i].head == head {
			return f.taken[i].next
		}
	}
	return 0
}

// identify tells which content the file has, when its first line is complete
// or cut; whole says that nothing will be added to it. It reports false while
// that cannot be told. After an error it can be tried again.
func (l *Lane) identify(r *reading, whole bool) (bool, error) {
	head, err := l.head(r, whole)
	if err == errUndecided {
		return false, nil
	}
	if head == nil || err != nil {
		return false, err
	}
	hash := xxh3.Hash128(head).Bytes()
	r.headLen = len(head)
	k, err := l.recognise(r, hash)
	if err == errUndecided {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if k == nil {
		if k, err = l.checkCopy(r, hash); r.closed || err != nil {
			return false, err
		}
	}
	if k == nil {
		if ok, err := l.isWanted(r); !ok || err != nil {
			return false, err
		}
	}
	if k != nil && !r.left && r.wasLeft(k) {
		r.putBeside()
	}
	// Of a file that was given up nothing can be read, but it has a name.
	if err := l.place(r, k); err != nil && err != errClosed {
		return false, err
	}
	fam := l.family(r.file.chain.identity)
	if k == nil {
		k = fam.add(r, hash)
	}
	fam.take(k, r)
	return true, nil
}

// place puts the reading where the known content was consumed up to, or where
// a new one begins.
func (l *Lane) place(r *reading, k *known) error {
	var err error
	if k == nil {
		err = r.begin()
	} else {
		err = r.resume(&k.Source)
	}
	r.file.offset.Store(r.offset)
	return err
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

// head is the first line, cut; nil while it is not complete.
func (l *Lane) head(r *reading, whole bool) ([]byte, error) {
	switch {
	case r.file.compressed != nil && r.file.abandoned.Load():
		return cutHead(r.file.compressed.head, true), nil
	case r.file.abandoned.Load():
		return r.file.head, nil
	case r.file.compressed != nil:
		head, err := l.inflatedHead(r.file)
		r.hole = r.file.compressed.hole
		return head, err
	}
	if err := r.findHole(); err != nil {
		return nil, err
	}
	n, err := r.file.pread(l.scratch[:headSize+1], r.hole)
	if err != nil {
		return nil, err
	}
	head := cutHead(l.scratch[:n], whole)
	if head == nil && r.file.size.Load() > 0 && (n == 0 || l.scratch[n-1] == 0) {
		r.file.wake(r.observed + fillAfter)
	}
	return head, nil
}

// cutHead cuts what a file begins with to its first line; nil while that is
// neither complete nor long enough.
func cutHead(p []byte, whole bool) []byte {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return p[:min(i, headSize)]
	}
	p = bytes.TrimRight(p, "\x00")
	if len(p) >= headSize || whole && len(p) > 0 {
		return p[:min(len(p), headSize)]
	}
	return nil
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
// in this inode or under this name is taken. It returns errCopy for one that was
// read and has a record that goes on in a newer file, until that is recorded.
func (f *family) match(r *reading, head [16]byte) (*known, error) {
	var best *known
	for _, k := range f.candidates(r) {
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

// continues says whether the bytes before a recorded position are in the file.
func (r *reading) continues(s *frame.Source) (bool, error) {
	if r.file.compressed != nil && !r.file.abandoned.Load() {
		return r.continuesInflated(s)
	}
	n := int(min(s.Offset, tailSize))
	p := r.lane.scratch[:n]
	got, err := r.file.pread(p, s.Offset-int64(n))
	if err == errClosed {
		// Its bytes cannot be compared any more, but what is lost of it counts.
		return r.file.size.Load() >= s.Offset, nil
	}
	return got == n && xxh3.Hash(p) == s.Tail, err
}

// add gives a new content its identity: the next generation of those with the
// same path and head.
func (f *family) add(r *reading, head [16]byte) *known {
	id := event.Identity{
		Path: r.file.chain.identity, Head: head, Generation: max(r.generation, f.nextOf(head)),
	}
	k := &known{fresh: true, Source: frame.Source{ID: id.IDOn(r.lane.engine.opts.Node), Identity: id}}
	f.keep(k)
	return k
}

// open makes the source that the components see.
func (r *reading) open(k *known) {
	f := r.file
	src := r.lane.describe(r)
	src.ID, src.Identity = k.ID, k.Identity
	src.Path = *f.path.Load()
	f.chain.class = cmp.Or(f.chain.class, f.chain.wanted)
	src.Class = f.chain.class
	r.before = max(r.before, f.chain.until)
	src.MaybeSeen = r.lane.engine.opts.PositionsLost && k.fresh && f.initial
	if r.lane.engine.opts.PositionsBehind && f.initial {
		r.maybeSeen = f.size.Load()
	}
	r.src = &src
	r.settings()
	f.source.Store(r.src)
}
