package tail

import (
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// holders are the deleted files that are still open: what they hold of the
// disk is given back only when they are closed.
type holders struct {
	files []*file
	bytes int64
}

func (h *holders) add(f *file) {
	h.files = append(h.files, f)
	h.bytes += f.size.Load()
}

// relieve closes unread files while deleted ones hold more than they may: the
// oldest of the container that holds most.
func (e *Engine) relieve(h *holders) {
	for h.bytes > e.opts.UnlinkedBytes || len(h.files) > e.opts.UnlinkedFiles {
		i := h.worst()
		f := h.files[i]
		h.files = append(h.files[:i], h.files[i+1:]...)
		h.bytes -= f.size.Load()
		e.abandon(f)
	}
}

// worst is a file that was read to its end, or else the oldest file of the chain
// whose deleted files hold most. Files of a chain come oldest first.
func (h *holders) worst() int {
	if i := slices.IndexFunc(h.files, func(f *file) bool { return f.unread() == 0 }); i >= 0 {
		return i
	}
	bytes := make(map[*chain]int64, len(h.files))
	var most *chain
	for _, f := range h.files {
		// One more than nothing, so that descriptors count as well.
		bytes[f.chain] += f.size.Load() + 1
		if most == nil || bytes[f.chain] > bytes[most] {
			most = f.chain
		}
	}
	for i, f := range h.files {
		if f.chain == most {
			return i
		}
	}
	return 0
}

// abandon closes a file that was not read to its end. Its lane counts what is
// lost, for which it needs to know which content it was.
func (e *Engine) abandon(f *file) {
	if !f.mu.TryLock() {
		return
	}
	defer f.mu.Unlock()
	if f.fd < 0 || f.measure() != nil {
		return
	}
	f.head = firstLine(f.fd)
	f.shut()
	e.open.Add(-1)
	f.abandoned.Store(true)
	if f.unread() > 0 {
		e.opts.Logger.Warn("a deleted log file was closed before it was read, since deleted files held too much of the disk; "+
			"what was unread is counted as lost, unless a compressed file has it", "path", quote(*f.path.Load()), "unread_bytes", f.unread())
	}
	f.chain.lane.enqueue(f.chain)
}

// firstLine is the beginning of a file that its identity is made of.
func firstLine(fd int) []byte {
	p := make([]byte, headSize+1)
	n, err := unix.Pread(fd, p, 0)
	if err != nil {
		return nil
	}
	return cutHead(p[:n], true)
}

// gaps counts what was lost of contents that never got an identity, since not
// even a line of them was seen.
type gaps struct{ files, bytes atomic.Int64 }

func (g *gaps) add(bytes int64) {
	if bytes <= 0 {
		return
	}
	g.files.Add(1)
	g.bytes.Add(bytes)
}

// Gaps is how many contents, and how many bytes of them, were lost before a
// line of them was seen: they have no identity that a frame could name.
func (e *Engine) Gaps() (files, bytes int64) { return e.gaps.files.Load(), e.gaps.bytes.Load() }
