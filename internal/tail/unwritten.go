package tail

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// NULs at the beginning and at the end of a file are taken for space that was
// never written. A writer that does not append goes on at its old place after
// its file was truncated, behind a hole; one that maps the file into memory
// makes room first and fills it then. Text logs have no NULs there.

const (
	// maxNULs is how many written NULs at the beginning of a file are looked
	// at. What is behind them is read as it stands.
	maxNULs = 1 << 20
	// fillAfter is when room at the end of a file is looked at again: writing
	// to it changes neither the file's size nor, at once, its time, ns.
	fillAfter = int64(250e6)
)

// findHole moves hole to the first byte of the file that is not NUL, as far as
// there is one.
func (r *reading) findHole() error {
	r.hole = 0
	for seen := 0; seen < maxNULs; {
		n, err := r.file.pread(r.lane.scratch[:], r.hole)
		if err != nil {
			return err
		}
		nuls := n - len(bytes.TrimLeft(r.lane.scratch[:n], "\x00"))
		r.hole += int64(nuls)
		if nuls < n || n == 0 {
			return nil
		}
		seen += n
		if data, ok := r.file.dataFrom(r.hole); ok {
			r.hole = data
		}
	}
	return nil
}

// dataFrom is where the first data is at or behind a place (lseek(2),
// SEEK_DATA). It reports false when there is none.
func (f *file) dataFrom(offset int64) (int64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, err := unix.Seek(f.fd, offset, unix.SEEK_DATA)
	if err == unix.ENXIO {
		return 0, false
	}
	// File systems that know no holes have data everywhere.
	return max(data, offset), true
}

// trim takes off what was never written at the end of the file. The chunk p
// ends at end; full says that more of the file follows.
func (r *reading) trim(p []byte, end int64, full bool) []byte {
	r.unwritten = 0
	if len(p) == 0 || p[len(p)-1] != 0 || full && r.file.compressed != nil {
		return p
	}
	if full {
		if _, ok := r.file.dataFrom(end); ok {
			return p
		}
	}
	p = bytes.TrimRight(p, "\x00")
	r.unwritten = max(0, r.file.size.Load()-r.offset-int64(len(p)))
	r.file.wake(r.observed + fillAfter)
	return p
}

// settleShrunk counts what was cut off behind the position, when the content
// turned out to be there still.
func (r *reading) settleShrunk(c cut, unwritten int64) {
	if c != (cut{}) && r.file.settleCut(c) && c.happened {
		r.src.Counts.LostBytes += uint64(max(0, c.gone-unwritten))
		r.lane.moved(r)
	}
}

// shrunk is what is known to have gone away by truncation.
func (f *file) shrunk() cut {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cut
}

// settleCut forgets it, unless more has gone since.
func (f *file) settleCut(c cut) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut != c {
		return false
	}
	f.cut = cut{}
	return true
}
