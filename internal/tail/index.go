package tail

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
)

// smallFamily is how many contents are looked through one by one.
const smallFamily = 4

// index finds contents in a family of very many: all plain logs of a directory
// are one. A nil one has none.
type index struct {
	byID    map[event.SourceID]*known
	byInode map[inode][]*known
}

func newIndex(all []*known) *index {
	x := &index{byID: make(map[event.SourceID]*known), byInode: make(map[inode][]*known)}
	for _, k := range all {
		x.add(k)
	}
	return x
}

func (x *index) add(k *known) {
	if x == nil {
		return
	}
	x.byID[k.ID] = k
	at := inode{k.Dev, k.Ino}
	x.byInode[at] = append(x.byInode[at], k)
}

func (x *index) drop(k *known) {
	if x == nil {
		return
	}
	delete(x.byID, k.ID)
	at := inode{k.Dev, k.Ino}
	left := slices.DeleteFunc(x.byInode[at], func(o *known) bool { return o == k })
	if x.byInode[at] = left; len(left) == 0 {
		delete(x.byInode, at)
	}
}
