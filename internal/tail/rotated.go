package tail

import (
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
)

// isWanted says whether a content that nobody knows is to be read, and ends
// the reading when it is not.
func (l *Lane) isWanted(r *reading) (bool, error) {
	wanted, err := !r.isLeftOut(), error(nil)
	if wanted && r.file.target.OnlyKnown {
		wanted, err = l.isOurs(r)
	}
	if !wanted && err == nil {
		l.close(r)
	}
	return wanted, err
}

// isOurs says whether a rotated file that no position is known of was written
// since its chain is read: then it must be read although only its successor
// was asked for. Files from before that time are not.
func (l *Lane) isOurs(r *reading) (bool, error) {
	if since := r.file.chain.since; since != 0 && r.file.modified >= since {
		// It was the live file, and rotated before anybody looked.
		return true, nil
	}
	files := r.file.chain.current()
	at := slices.Index(files, r.file)
	for _, older := range files[:max(at, 0)] {
		if r := older.reading; r != nil && (r.src != nil || r.original != nil) {
			return true, nil
		}
	}
	for _, newer := range files[at+1:] {
		if known, err := l.isKnownFile(newer); known || err != nil {
			return false, err
		}
	}
	// What was read is rotated out of existence: all that is left is newer.
	return l.isKnownChain(r.file.chain), nil
}

// isKnownFile says whether a file has a content that was read before the
// start. The error is that the file must be opened or inflated first.
func (l *Lane) isKnownFile(f *file) (bool, error) {
	known, err := l.hasKnown(f)
	if isDelay(err) || err == errResting {
		return false, err
	}
	return known && err == nil, nil
}

// hasKnown is isKnownFile with all errors. A file that was truncated since it was
// looked at has its content no more.
func (l *Lane) hasKnown(f *file) (bool, error) {
	if r := f.reading; r != nil && r.known != nil {
		if r.known.fresh {
			return false, nil
		}
		return r.continues(r.position())
	}
	r := &reading{lane: l, file: f}
	head, err := l.head(r, true)
	if head == nil || err != nil {
		return false, err
	}
	k, err := l.recognise(r, xxh3.Hash128(head).Bytes())
	return k != nil, err
}

// isKnownChain says whether a file with a name of the chain was read before:
// a chain is called like its live file, and rotation appends to that name.
func (l *Lane) isKnownChain(c *chain) bool {
	for _, s := range l.engine.opts.Positions.Find(c.identity) {
		if rest, ok := strings.CutPrefix(s.Path, c.key); ok && (rest == "" || strings.ContainsRune(".-", rune(rest[0]))) {
			return true
		}
	}
	return false
}
