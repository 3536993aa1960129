package journal

import (
	"fmt"
	"io"
	"os"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// writeSidecar writes the index of the segment at path from the headers of
// its frames, as far as s knows them, and says how long it is. It leaves out
// what is damaged. filter knows all ids of the segment; empty, it is not known.
func writeSidecar(fsys vfs.FS, path string, s *summary, filter frame.Filter) (int64, error) {
	entries, err := collect(fsys, path, s)
	if err != nil {
		return 0, err
	}
	b := appendIndex(nil, s, filter, entries)
	err = vfs.Replace(fsys, indexPath(path), func(f vfs.File) error {
		_, err := f.WriteAt(b, 0)
		return err
	})
	return int64(len(b)), err
}

// collect encodes the entries of a segment's frames.
func collect(fsys vfs.FS, path string, s *summary) ([]byte, error) {
	var b []byte
	codec := entryCodec{minTime: s.MinTime}
	_, err := walk(fsys, path, walkRange{0, s.Size, s.Last}, func(e *Entry) error {
		b = codec.append(b, e)
		return nil
	})
	return b, err
}

// sidecar is an open index of a sealed segment.
type sidecar struct {
	index
	file vfs.File
}

// openSidecar opens the index of the segment at path and reads its summary.
func openSidecar(fsys vfs.FS, path string) (*sidecar, error) {
	f, err := fsys.OpenFile(indexPath(path), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	b, err := readAt(f, 0, summarySize)
	if err != nil {
		f.Close()
		return nil, err
	}
	x, err := parseSummary(b)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &sidecar{x, f}, nil
}

// size is the sidecar's length.
func (s *sidecar) size() int64 {
	return int64(summarySize) + int64(s.filterLen) + 4 + int64(s.entriesLen) + 4
}

// filter is that of the whole segment.
func (s *sidecar) filter() (frame.Filter, error) {
	b, err := readAt(s.file, summarySize, s.filterLen+4)
	if err != nil {
		return nil, err
	}
	return checked(b)
}

// entries calls fn for the entries behind from, an offset in the segment. The
// entry is fn's only until it returns.
func (s *sidecar) entries(from int64, fn func(*Entry) error) error {
	b, err := readAt(s.file, summarySize+int64(s.filterLen)+4, s.entriesLen+4)
	if err != nil {
		return err
	}
	if b, err = checked(b); err != nil {
		return err
	}
	var e Entry
	r, codec := varints{b: b}, entryCodec{minTime: s.MinTime}
	for len(r.b) > 0 {
		if err := codec.parse(&r, &e); err != nil {
			return err
		}
		if e.Offset < from {
			continue
		}
		if err := fn(&e); err != nil {
			return err
		}
	}
	return nil
}

// readAt reads exactly n bytes of a sidecar.
func readAt(f vfs.File, off int64, n int) ([]byte, error) {
	if size, err := f.Size(); err != nil || off+int64(n) > size {
		return nil, fmt.Errorf("%w: cut off", errIndex)
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, off); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}
