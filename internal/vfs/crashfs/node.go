package crashfs

// blockSize is the unit in which data reaches the disk: a sector.
const blockSize = 512

// node is a file's content: as the processes see it, and as the disk has it.
type node struct {
	data, stable []byte
	// dirty are the blocks that the next sync writes. A block that differs
	// from stable and is not dirty was given up by a failed sync.
	dirty map[int64]bool
}

func newNode() *node { return &node{dirty: map[int64]bool{}} }

// touch marks n bytes at off as written.
func (n *node) touch(off, length int64) {
	for b := off / blockSize; b*blockSize < off+length; b++ {
		n.dirty[b] = true
	}
}

// resize sets the length; new bytes are zero.
func (n *node) resize(size int64) {
	old := int64(len(n.data))
	if size <= old {
		n.data = n.data[:size:size]
		return
	}
	n.data = append(n.data, make([]byte, size-old)...)
	n.touch(old, size-old)
}

// sync writes the dirty blocks and the length.
func (n *node) sync() {
	size := len(n.data)
	if size > len(n.stable) {
		n.stable = append(n.stable, make([]byte, size-len(n.stable))...)
	}
	n.stable = n.stable[:size:size]
	for b := range n.dirty {
		if from := b * blockSize; from < int64(size) {
			copy(n.stable[from:min(int64(size), from+blockSize)], n.data[from:])
		}
	}
	clear(n.dirty)
}

// merge is the disk's content at a length, with the dirty blocks written that
// keep chooses.
func (n *node) merge(size int64, keep func(block int64) bool) []byte {
	disk := make([]byte, size)
	copy(disk, n.stable)
	for b := int64(0); b*blockSize < size; b++ {
		if from := b * blockSize; n.dirty[b] && from < int64(len(n.data)) && keep(b) {
			copy(disk[from:min(size, from+blockSize)], n.data[from:])
		}
	}
	return disk
}

// directory is the names of files: as the processes see them, as the disk has
// them, and what has happened in between.
type directory struct {
	entries, stable map[string]*node
	pending         []change
}

// change is one step of a directory: remove from, then add to for the file.
// An empty name is left out.
type change struct {
	from, to string
	node     *node
}

func newDirectory() *directory {
	return &directory{entries: map[string]*node{}, stable: map[string]*node{}}
}

func (d *directory) link(name string, n *node) { d.do(change{to: name, node: n}) }
func (d *directory) unlink(name string)        { d.do(change{from: name}) }
func (d *directory) rename(from, to string)    { d.do(change{from, to, d.entries[from]}) }
func (d *directory) do(c change)               { c.apply(d.entries); d.pending = append(d.pending, c) }
func (c change) apply(entries map[string]*node) {
	delete(entries, c.from)
	if c.to != "" {
		entries[c.to] = c.node
	}
}

func (d *directory) sync() {
	for _, c := range d.pending {
		c.apply(d.stable)
	}
	d.pending = nil
}
