package tail

import (
	"maps"
	"slices"
	"strings"
)

// Dirs are the directories that a Provider looked into. The zero Dirs is
// empty. There may be very many, so a look costs the same however many there
// are; All costs as much as all of them.
type Dirs struct {
	// added has the look in which a directory was added last, looked the last
	// look at it and what is below it since All was called.
	added, looked map[string]uint32
	look          uint32
}

// Look begins a look at a directory, or everything when it is empty: it and
// what is below it counts as not looked into until it is added again.
func (d *Dirs) Look(under string) {
	if d.added == nil {
		d.added, d.looked = make(map[string]uint32), make(map[string]uint32)
	}
	d.look++
	d.looked[under] = d.look
}

// Add notes that the current look has come into a directory.
func (d *Dirs) Add(dir string) { d.added[dir] = d.look }

// All lists the directories in no order.
func (d *Dirs) All() []string {
	if len(d.looked) > 0 {
		maps.DeleteFunc(d.added, d.isGone)
		clear(d.looked)
	}
	return slices.AppendSeq(make([]string, 0, len(d.added)), maps.Keys(d.added))
}

// isGone says whether a later look at a directory or one above it has not come
// into it.
func (d *Dirs) isGone(dir string, added uint32) bool {
	if d.looked[""] > added || d.looked["/"] > added {
		return true
	}
	for end := len(dir); end > 0; end = strings.LastIndexByte(dir[:end], '/') {
		if d.looked[dir[:end]] > added {
			return true
		}
	}
	return false
}
