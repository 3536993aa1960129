package checkpoint

import (
	"cmp"
	"slices"
)

// forget lets go of entries of files that are gone for long, and of the
// longest absent ones beyond maxEntries. It also ends the time in which files
// without an entry count as maybe seen.
func (s *Store) forget(now int64) {
	if s.lostAt != 0 && now-s.lostAt > int64(forgetAfter) {
		s.lostAt = 0
	}
	for _, e := range s.entries {
		if e.AbsentSince != 0 && now-e.AbsentSince > int64(forgetAfter) {
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
	return cmp.Or(cmp.Compare(presence(a), presence(b)), cmp.Compare(a.AbsentSince, b.AbsentSince),
		cmp.Compare(a.LastSeen, b.LastSeen))
}

func presence(e *Entry) int {
	if e.AbsentSince == 0 {
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
