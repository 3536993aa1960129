package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	segmentSuffix = ".ndjson.gz"
	indexSuffix   = ".idx"
	// numberWidth holds every uint64, so that names sort as numbers do.
	numberWidth = 20
)

// segment is what the journal keeps in memory of a segment file. Its fields
// are guarded by Journal.mu once the segment is in the list.
type segment struct {
	summary
	path string
	// sealed says that nothing will be written to it any more.
	sealed bool
	// indexSize is what the sidecar takes on disk, 0 when there is none.
	indexSize int64
	// verified says that every frame in it was checked when the journal was
	// opened, or was written since.
	verified bool
	// deleted tells cursors that the file is gone.
	deleted bool
	// written is when the last frame was, in elapsed time: the system's clock
	// may be set.
	written time.Time
}

// date takes the age of a segment of an earlier run from the system's clock, of
// which there is no other account. What lies ahead of it counts as new.
func (s *segment) date(wall time.Time) {
	s.written = time.Now().Add(-max(0, wall.Sub(time.Unix(0, s.Written))))
}

// summary describes the frames of a segment together.
type summary struct {
	// First is the number in the segment's name, Last that of its last frame;
	// Last is below First when it has none.
	First, Last uint64
	// Size is the bytes from the file's beginning to the end of the last
	// durable frame. The file may be longer.
	Size   int64
	Frames uint32
	// Damaged counts frames that were found unreadable though they had been
	// durable.
	Damaged uint32
	// MinTime and MaxTime span the documents, ns; both 0 without documents.
	MinTime, MaxTime int64
	// Opened and Written are the journal times of the first and last frame.
	Opened, Written int64
	// Packed sums the payloads' bytes, Counts the frames' ledgers.
	Packed int64
	Counts event.Counts
}

// add counts a frame whose end is at end.
func (s *summary) add(m *frame.Meta, end int64) {
	if s.Frames == 0 {
		s.Opened = m.JournalTime
	}
	if m.Docs > 0 {
		s.MinTime, s.MaxTime = join(s.MinTime, s.MaxTime, m.MinTime, m.MaxTime)
	}
	s.Frames++
	s.Last, s.Size, s.Written = m.Seq, end, m.JournalTime
	s.Packed += int64(m.PackedSize)
	s.Counts.Add(m.Counts)
}

// join is the span of two spans, of which the first may be unknown.
func join(fromA, toA, fromB, toB int64) (from, to int64) {
	if fromA == 0 && toA == 0 {
		return fromB, toB
	}
	return min(fromA, fromB), max(toA, toB)
}

// empty says that the segment has no frame.
func (s *summary) empty() bool { return s.Frames == 0 }

// bytes is what the segment takes on disk.
func (s *segment) bytes() int64 { return s.Size + s.indexSize }

func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%0*d%s", numberWidth, first, segmentSuffix))
}

// indexPath is the sidecar's of a segment.
func indexPath(segment string) string {
	return strings.TrimSuffix(segment, segmentSuffix) + indexSuffix
}

// parseName is the number that a segment or sidecar is named by.
func parseName(name, suffix string) (first uint64, ok bool) {
	digits, found := strings.CutSuffix(name, suffix)
	if !found || len(digits) != numberWidth {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil
}

// listing is what a journal's directory holds.
type listing struct {
	// segments are the first numbers in order, sidecars those that have one.
	segments []uint64
	sidecars map[uint64]bool
	// stray are files that a crash left: temporary ones, and sidecars of
	// segments that are gone.
	stray []string
}

func list(fsys vfs.FS, dir string) (listing, error) {
	l := listing{sidecars: map[uint64]bool{}}
	entries, err := fsys.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	for _, e := range entries {
		l.sort(dir, e.Name())
	}
	slices.SortFunc(l.segments, cmp.Compare)
	for first := range l.sidecars {
		if _, ok := slices.BinarySearch(l.segments, first); !ok {
			l.stray = append(l.stray, indexPath(segmentPath(dir, first)))
			delete(l.sidecars, first)
		}
	}
	return l, nil
}

func (l *listing) sort(dir, name string) {
	if first, ok := parseName(name, segmentSuffix); ok {
		l.segments = append(l.segments, first)
	}
	if first, ok := parseName(name, indexSuffix); ok {
		l.sidecars[first] = true
	}
	if strings.HasSuffix(name, vfs.TempSuffix) {
		l.stray = append(l.stray, filepath.Join(dir, name))
	}
}

// entries calls fn for the segment's durable frames from offset from on: by
// its index when it has one, else by their headers. The entry is fn's only
// until it returns.
func (s *segment) entries(fsys vfs.FS, from int64, fn func(*Entry) error) error {
	if s.indexSize > 0 {
		if err := s.indexed(fsys, from, fn); !errors.Is(err, errIndex) {
			return err
		}
	}
	_, err := walk(fsys, s.path, walkRange{from, s.Size, s.Last}, fn)
	return err
}

// indexed is entries by the index alone.
func (s *segment) indexed(fsys vfs.FS, from int64, fn func(*Entry) error) error {
	x, err := openSidecar(fsys, s.path)
	if err != nil {
		return err
	}
	defer x.file.Close()
	return x.entries(from, fn)
}

// behind is where the frames with numbers above seq begin in a segment that has
// an index: the headers before them need not be read. It is the segment's
// beginning when the index cannot be read.
func (s *segment) behind(fsys vfs.FS, seq uint64) (offset int64) {
	if s.First > seq {
		return 0
	}
	err := s.indexed(fsys, 0, func(e *Entry) error {
		if e.Seq <= seq {
			offset = e.End()
		}
		return nil
	})
	if err != nil {
		return 0
	}
	return offset
}

// walkRange is a part of a segment: the frames from offset From up to Limit,
// with numbers up to Last (0: all).
type walkRange struct {
	From, Limit int64
	Last        uint64
}

// walk calls fn for the frames of a part of a segment by their headers, and
// returns the offset behind the last one.
func walk(fsys vfs.FS, path string, r walkRange, fn func(*Entry) error) (end int64, err error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return r.From, err
	}
	defer f.Close()
	var e Entry
	sc := scanner{walker: walker{file: f}, end: r.From, limit: r.Limit, last: r.Last}
	for sc.next() {
		e.set(&sc.meta, sc.off, sc.size)
		if err := fn(&e); err != nil {
			return e.Offset, err
		}
	}
	return sc.end, sc.err
}
