package checkpoint

import (
	"cmp"
	"slices"
	"time"
)

// Absence is counted in time that the agent has seen pass, from one look to the
// next: a stamp of the system's clock would say something else as soon as that
// is set, and a file whose position is forgotten is read again.
const (
	// begun is the absence of a file that has just gone, ns.
	begun = 1
	// mostPerLook bounds what passes between two looks: an agent that was
	// stopped has not seen whether the file came back.
	mostPerLook = time.Minute
	// saveAbsences is how much of it a restart may forget while there is
	// nothing else to save.
	saveAbsences = time.Hour
)

// pass lets time pass for what is absent, and forgets what is so for long.
func (s *Store) pass(now time.Time) {
	d := min(now.Sub(s.looked), mostPerLook)
	s.looked = now
	s.unsaved += d
	s.changed = s.changed || s.age(int64(d)) && s.unsaved >= saveAbsences
	s.forget()
}

// age adds to every absence and says whether there is one.
func (s *Store) age(d int64) (any bool) {
	if any = s.lost != 0; any {
		s.lost += d
	}
	for _, e := range s.entries {
		if e.Absent != 0 {
			e.Absent += d
			any = true
		}
	}
	return any
}

// forget lets go of entries of files that are gone for long, and of the
// longest absent ones beyond maxEntries. It also ends the time in which files
// without an entry count as maybe seen.
func (s *Store) forget() {
	if s.lost > int64(forgetAfter) {
		s.lost = 0
	}
	for _, e := range s.entries {
		if e.Absent > int64(forgetAfter) {
			s.drop(e)
		}
	}
	if len(s.entries) > maxEntries {
		s.shrink()
	}
}

func (s *Store) shrink() {
	all := make([]*Entry, 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, byAbsence)
	for _, e := range all[:len(all)-maxEntries] {
		s.drop(e)
		s.forgotten++
	}
}

// byAbsence orders the longest absent first, then those that are there by the
// time of their last frame.
func byAbsence(a, b *Entry) int {
	return cmp.Or(cmp.Compare(presence(a), presence(b)), cmp.Compare(b.Absent, a.Absent),
		cmp.Compare(a.LastSeen, b.LastSeen))
}

func presence(e *Entry) int {
	if e.Absent == 0 {
		return 1
	}
	return 0
}

func (s *Store) drop(e *Entry) {
	s.changed = true
	delete(s.entries, e.ID)
	path := e.Identity.Path
	rest := slices.DeleteFunc(s.byPath[path], func(o *Entry) bool { return o == e })
	if len(rest) == 0 {
		delete(s.byPath, path)
		return
	}
	s.byPath[path] = rest
}
