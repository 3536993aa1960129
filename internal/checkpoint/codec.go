package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// The payload of a generation. Integers are little-endian; a source is written
// as in a frame's metadata (docs/journal-format.md).
//
//	version   uint32  1
//	seq       uint64  the frames up to it are contained
//	lost      int64   ns, for how long positions have been lost, or 0
//	forgotten uint64
//	totals    by namespace and by rule, see Totals
//	entries   uint32
//	entry:    last seen int64, absent for int64, source
const (
	version    = 1
	headerSize = 4 + 8 + 8 + 8
	entryFixed = 8 + 8
)

// errContent is the cause of a generation with a right checksum that cannot be
// read.
var errContent = errors.New("unreadable checkpoint")

func (s *Store) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, version)
	b = le.AppendUint64(b, s.seq)
	b = le.AppendUint64(b, uint64(s.lost))
	b = le.AppendUint64(b, s.forgotten)
	b = s.totals.append(b)
	b = le.AppendUint32(b, uint32(len(s.entries)))
	for _, e := range s.entries {
		b = e.append(b)
	}
	return b
}

func (e *Entry) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(e.LastSeen))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Absent))
	return frame.AppendSource(b, &e.Source)
}

// parseSeq reads only the number that a generation covers.
func parseSeq(b []byte) (uint64, error) {
	if len(b) < headerSize {
		return 0, fmt.Errorf("%w: cut off", errContent)
	}
	if err := slot.CheckVersion(int(binary.LittleEndian.Uint32(b)), version); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[4:]), nil
}

func (s *Store) parse(b []byte) (err error) {
	if s.seq, err = parseSeq(b); err != nil {
		return err
	}
	le := binary.LittleEndian
	s.lost, s.forgotten = int64(le.Uint64(b[12:])), le.Uint64(b[20:])
	if b, err = s.totals.parse(b[headerSize:]); err != nil {
		return err
	}
	if len(b) < 4 {
		return fmt.Errorf("%w: cut off", errContent)
	}
	count := le.Uint32(b)
	b = b[4:]
	for range count {
		if b, err = s.parseEntry(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) parseEntry(b []byte) (rest []byte, err error) {
	if len(b) < entryFixed {
		return nil, fmt.Errorf("%w: cut off", errContent)
	}
	e := &Entry{
		LastSeen: int64(binary.LittleEndian.Uint64(b)),
		Absent:   int64(binary.LittleEndian.Uint64(b[8:])),
	}
	if rest, err = frame.ParseSource(b[entryFixed:], &e.Source); err != nil {
		return nil, fmt.Errorf("%w: %w", errContent, err)
	}
	s.add(&e.Source, e)
	return rest, nil
}
