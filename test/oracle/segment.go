package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// JournalScan reads a journal's segments as a stranger would: gzip members one
// after the other, in each a bulk body. It may be called again while the
// journal grows, and then reads only what is new.
type JournalScan struct {
	dir  string
	read map[string]int64
	// Docs are the documents found so far, in the order of the journal.
	Docs []Arrival
	take func(Item)
	// frames are the checksums of the frames read, by their numbers.
	frames map[uint64]uint32
}

// NewJournalScan reads the segments in dir.
func NewJournalScan(dir string) *JournalScan {
	s := &JournalScan{dir: dir, read: map[string]int64{}, frames: map[uint64]uint32{}}
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
	for _, name := range names {
		if err := s.segment(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *JournalScan) segment(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if int64(len(b)) < s.read[name] {
		return fmt.Errorf("%d bytes, but %d were read before: whole frames were cut off", len(b), s.read[name])
	}
	b = b[s.read[name]:]
	for len(b) > 0 {
		plain, size, err := member(b)
		if errors.Is(err, errIncomplete) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("at %d: %w", s.read[name], err)
		}
		if err := s.frame(b[:size], plain); err != nil {
			return fmt.Errorf("at %d: %w", s.read[name], err)
		}
		b = b[size:]
		s.read[name] += int64(size)
	}
	return nil
}

// frame takes a frame's documents, once: after a failed fsync a frame is written
// again to a later segment, under its number, which stands behind the gzip
// header, the lengths of the extra field, and two bytes of the metadata.
func (s *JournalScan) frame(packed, plain []byte) error {
	const numberAt = 10 + 2 + 4 + 2
	if len(packed) < numberAt+8 {
		return s.documents(plain)
	}
	number, sum := binary.LittleEndian.Uint64(packed[numberAt:]), crc32.ChecksumIEEE(plain)
	if was, ok := s.frames[number]; ok {
		if was != sum {
			return fmt.Errorf("frame %d was written again with other documents", number)
		}
		return nil
	}
	s.frames[number] = sum
	return s.documents(plain)
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
