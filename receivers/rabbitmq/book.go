package rabbitmq

import (
	"cmp"
	"slices"
	"time"
)

// book keeps the deliveries of a channel that the broker waits for an answer
// to, in their order. Their tags rise.
type book struct {
	entries []entry
	bytes   int64
}

type entry struct {
	tag  uint64
	at   time.Time
	size int64
	fate fate
}

// fate is what became of a delivery.
type fate uint8

const (
	waits fate = iota
	// acknowledged by the journal.
	acknowledged
	// buried where nobody can read it, and where it is safe.
	buried
)

func (b *book) add(tag uint64, size int, at time.Time) {
	b.entries = append(b.entries, entry{tag: tag, at: at, size: int64(size)})
	b.bytes += int64(size)
}

// settle notes what became of a delivery. One that is not in the book any more
// was returned.
func (b *book) settle(tag uint64, f fate) {
	if i, found := b.find(tag); found {
		b.entries[i].fate = f
	}
}

func (b *book) find(tag uint64) (int, bool) {
	return slices.BinarySearchFunc(b.entries, tag, func(e entry, tag uint64) int { return cmp.Compare(e.tag, tag) })
}

// settled removes the deliveries before the first that is not settled: the
// broker can be told of all of them at once, by the tag of the last. The tag is 0
// when there are none.
func (b *book) settled() (tag uint64, done, dead int) {
	n := 0
	for ; n < len(b.entries) && b.entries[n].fate != waits; n++ {
		tag = b.entries[n].tag
		b.bytes -= b.entries[n].size
		if b.entries[n].fate == buried {
			dead++
		}
	}
	b.entries = slices.Delete(b.entries, 0, n)
	return tag, n - dead, dead
}

// remove forgets a delivery that was answered by itself.
func (b *book) remove(tag uint64) {
	if i, found := b.find(tag); found {
		b.bytes -= b.entries[i].size
		b.entries = slices.Delete(b.entries, i, i+1)
	}
}

// clear forgets all, and says how many there were.
func (b *book) clear() int {
	n := len(b.entries)
	b.entries, b.bytes = nil, 0
	return n
}

// oldest is when the oldest delivery came, the zero time when there is none.
func (b *book) oldest() time.Time {
	if len(b.entries) == 0 {
		return time.Time{}
	}
	return b.entries[0].at
}
