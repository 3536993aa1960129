package tail

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
)

// absence says that a content's file is gone. The id is zero when only the
// chain is.
type absence struct {
	identity string
	id       event.SourceID
	// chain is set when it is gone.
	chain *chain
}

// forget is called by the engine for what is gone; the lane lets go of it with
// its next Read.
func (l *Lane) forget(a absence) {
	l.goneMu.Lock()
	defer l.goneMu.Unlock()
	l.gone = append(l.gone, a)
}

// forgetGone lets go of contents that are gone and recorded. The checkpoint
// remembers them for a while yet.
func (l *Lane) forgetGone() {
	l.goneMu.Lock()
	defer l.goneMu.Unlock()
	l.gone = slices.DeleteFunc(l.gone, l.forgetOne)
}

// forgetOne reports false when it is too early.
func (l *Lane) forgetOne(a absence) bool {
	fam := l.families[a.identity]
	if fam == nil {
		return true
	}
	gone := []*known{fam.find(a.id)}
	if a.chain != nil {
		gone = a.chain.truncated
	}
	if slices.ContainsFunc(gone, l.isNeeded) {
		return false
	}
	for _, k := range gone {
		fam.drop(k)
	}
	if len(fam.known) == 0 && fam.unidentified == 0 {
		delete(l.families, a.identity)
	}
	return true
}

// isNeeded says whether somebody reads a content, or it is still to be recorded
// that it was read, with its open records.
func (l *Lane) isNeeded(k *known) bool {
	return k != nil && (k.by != nil || l.isUnrecorded(k) || k.firstOpen() < k.Offset)
}

func (l *Lane) isUnrecorded(k *known) bool {
	return slices.ContainsFunc(l.unrecorded, func(r *reading) bool { return r.known == k })
}
