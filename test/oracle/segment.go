package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// JournalScan reads a journal's segments as a stranger would: gzip members one
// after the other, in each a bulk body. It may be called again while the
// journal grows, and then reads only what is new.
type JournalScan struct {
	dir  string
	read map[string]progress
	// Docs are the documents found so far, in the order of the journal.
	Docs []Arrival
	take func(Item)
	// last is the highest number of the frames read.
	last uint64
}

// progress is how many bytes of a segment were read, and the number of the last
// frame in them.
type progress struct {
	bytes int64
	last  uint64
}

// NewJournalScan reads the segments in dir.
func NewJournalScan(dir string) *JournalScan {
	s := &JournalScan{dir: dir, read: map[string]progress{}}
	s.take = func(i Item) { s.Docs = append(s.Docs, ArrivalOf(i)) }
	return s
}

// ReadJournal reads the documents themselves, all that are whole in dir.
func ReadJournal(dir string) (items []Item, err error) {
	s := NewJournalScan(dir)
	s.take = func(i Item) { items = append(items, i) }
	return items, s.More()
}

// More reads the members that have become complete. What follows the last
// complete one is left for the next time.
func (s *JournalScan) More() error {
	names, err := filepath.Glob(filepath.Join(s.dir, "*.ndjson.gz"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	s.forgetReplaced(names)
	for i, name := range names {
		end := uint64(math.MaxUint64)
		if i+1 < len(names) {
			end = firstNumber(names[i+1])
		}
		if err := s.segment(name, end); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// forgetReplaced begins anew when a new segment has a number that was read
// already: after a failed fsync, what was not durable is written again there.
func (s *JournalScan) forgetReplaced(names []string) {
	for _, name := range names {
		if _, known := s.read[name]; !known && firstNumber(name) <= s.last {
			s.read, s.Docs, s.last = map[string]progress{}, nil, 0
			return
		}
	}
}

// segment reads on in a segment, in which nothing counts from the number end on,
// with which the next one begins: behind the frame before it there may be
// anything, if an fsync failed there and the machine lost power later.
func (s *JournalScan) segment(name string, end uint64) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	at := s.read[name]
	if int64(len(b)) < at.bytes {
		return fmt.Errorf("%d bytes, but %d were read before: whole frames were cut off", len(b), at.bytes)
	}
	for b = b[at.bytes:]; len(b) > 0 && at.last+1 < end; s.read[name] = at {
		plain, size, err := member(b)
		if errors.Is(err, errIncomplete) {
			return nil
		}
		if n := number(b[:size]); err == nil && n < end {
			at.last, s.last = n, max(s.last, n)
			err = s.documents(plain)
		}
		if err != nil {
			return fmt.Errorf("at %d: %w", at.bytes, err)
		}
		b, at.bytes = b[size:], at.bytes+int64(size)
	}
	return nil
}

// number is that of a frame, behind the gzip header, the lengths of the extra
// field, and two bytes of the metadata; 0 for a member that is no frame.
func number(packed []byte) uint64 {
	const extra, at = 12, 10 + 2 + 4 + 2
	if len(packed) < at+8 || !bytes.Equal(packed[extra:extra+2], []byte("TR")) {
		return 0
	}
	return binary.LittleEndian.Uint64(packed[at:])
}

// firstNumber is the number in a segment's name.
func firstNumber(name string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ".ndjson.gz"), 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return n
}

func (s *JournalScan) documents(plain []byte) error {
	items, err := ParseBulk(plain)
	for _, item := range items {
		s.take(item)
	}
	return err
}

// errIncomplete is what a writer that was killed leaves at the end of a
// segment: part of a member, or the zeros of space that was allocated ahead.
var errIncomplete = errors.New("the last gzip member is incomplete")

func member(b []byte) (plain []byte, size int, err error) {
	if len(bytes.TrimLeft(b, "\x00")) == 0 {
		return nil, 0, errIncomplete
	}
	r := bytes.NewReader(b)
	z, err := gzip.NewReader(r)
	if err == nil {
		z.Multistream(false)
		plain, err = io.ReadAll(z)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, 0, errIncomplete
	}
	return plain, len(b) - r.Len(), err
}
