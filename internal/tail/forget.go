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
	// chain is set when it is gone, deleted when the content is nowhere.
	chain   *chain
	deleted bool
}

// forget is called by the engine for what is gone; the lane lets go of it with
// its next Read.
func (l *Lane) forget(a absence) {
	l.goneMu.Lock()
	defer l.goneMu.Unlock()
	l.gone = append(l.gone, a)
	if a.deleted {
		l.rouse()
	}
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
		if a.deleted && k != nil && !k.Final {
			l.tellFinal(k)
		}
		fam.drop(k)
	}
	if len(fam.known) == 0 && fam.unidentified == 0 {
		delete(l.families, a.identity)
	}
	return true
}

// tellFinal has it recorded that a content is gone which was read to its end
// before its file was deleted.
func (l *Lane) tellFinal(k *known) {
	s := k.Source
	s.Counts, s.Final = event.Counts{}, true
	l.tell(s)
}

// isNeeded says whether somebody reads a content, or it is still to be recorded
// that it was read, with its open records.
func (l *Lane) isNeeded(k *known) bool {
	return k != nil && (k.by != nil || l.isUnrecorded(k) || k.firstOpen() < k.Offset)
}

func (l *Lane) isUnrecorded(k *known) bool {
	return slices.ContainsFunc(l.unrecorded, func(r *reading) bool { return r.known == k })
}
