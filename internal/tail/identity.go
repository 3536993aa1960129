package tail

import (
	"bytes"
	"cmp"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/frame"
)

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
