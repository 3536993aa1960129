package crashfs

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
)

// Loss is what a crash does with what was not synced.
type Loss uint8

const (
	// LoseAll keeps exactly what was synced.
	LoseAll Loss = iota
	// LoseSome keeps a random part: blocks, lengths and names, each by itself.
	LoseSome
	// KeepHeads keeps names and lengths, and of each run of blocks only the
	// first: the header of a frame is there and its payload is zeros.
	KeepHeads
	// LoseNothing keeps everything in memory: the process was killed, not the
	// machine. A later crash may still lose it.
	LoseNothing
)

// Crash ends the file system and is the one that the next start finds. The
// seed chooses for LoseSome.
func (f *FS) Crash(loss Loss, seed uint64) *FS {
	f.Kill()
	return f.Left(loss, seed)
}

// Left is what Crash would leave; this file system goes on.
func (f *FS) Left(loss Loss, seed uint64) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := crash{loss, rand.New(rand.NewPCG(seed, 0)), map[*node]*node{}}
	after := New()
	after.limit = f.limit
	for _, name := range sorted(f.dirs) {
		after.dirs[name] = c.directory(f.dirs[name])
	}
	return after
}

type crash struct {
	loss  Loss
	rand  *rand.Rand
	nodes map[*node]*node
}

func (c *crash) directory(d *directory) *directory {
	if c.loss == LoseNothing {
		return c.same(d)
	}
	names := maps.Clone(d.stable)
	for _, change := range d.pending {
		if c.keeps() {
			change.apply(names)
		}
	}
	after := newDirectory()
	for _, name := range sorted(names) {
		n := c.node(names[name])
		after.entries[name], after.stable[name] = n, n
	}
	return after
}

// same is a directory with all that is in memory.
func (c *crash) same(d *directory) *directory {
	after := newDirectory()
	for name, n := range d.entries {
		after.entries[name] = c.node(n)
	}
	for name, n := range d.stable {
		after.stable[name] = c.node(n)
	}
	for _, ch := range d.pending {
		if ch.node != nil {
			ch.node = c.node(ch.node)
		}
		after.pending = append(after.pending, ch)
	}
	return after
}

// keeps decides about a change of a directory.
func (c *crash) keeps() bool {
	switch c.loss {
	case LoseAll:
		return false
	case LoseSome:
		return c.rand.IntN(2) == 0
	default:
		return true
	}
}

// node is a file as the disk has it, the same for all its names.
func (c *crash) node(n *node) *node {
	if c.nodes[n] == nil && c.loss == LoseNothing {
		c.nodes[n] = &node{slices.Clone(n.data), slices.Clone(n.stable), maps.Clone(n.dirty)}
	}
	if c.nodes[n] == nil {
		disk := c.content(n)
		c.nodes[n] = &node{data: disk, stable: slices.Clone(disk), dirty: map[int64]bool{}}
	}
	return c.nodes[n]
}

func (c *crash) content(n *node) []byte {
	size := int64(len(n.data))
	switch c.loss {
	case LoseAll:
		return slices.Clone(n.stable)
	case KeepHeads:
		return n.merge(size, func(b int64) bool { return !n.dirty[b-1] })
	case LoseSome:
		return n.merge(c.size(n), func(int64) bool { return c.rand.IntN(2) == 0 })
	default:
		return nil
	}
}

// size is a length that the disk may have.
func (c *crash) size(n *node) int64 {
	from, to := int64(len(n.stable)), int64(len(n.data))
	switch c.rand.IntN(4) {
	case 0:
		return from
	case 1:
		return min(from, to) + c.rand.Int64N(max(from, to)-min(from, to)+1)
	default:
		return to
	}
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
