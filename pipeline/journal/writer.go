package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// writer is the segment that is being written. It belongs to the appender.
type writer struct {
	file    vfs.File
	segment *segment
	// opened is when its first frame was written.
	opened time.Time
	// size is where the next frame goes; published is the end of the durable
	// frames, and lengths are those of the frames between the two.
	size, published int64
	lengths         []int
	header          []byte
	// filter knows the ids in the segment.
	filter segmentFilter
	// marker is the file that tells other processes what is durable.
	marker vfs.File
}

// frame writes a frame behind the others.
func (w *writer) frame(s *frame.Sealed) error {
	w.header = s.Meta.AppendHeader(w.header[:0])
	if _, err := w.file.WriteAt(w.header, w.size); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(s.Payload, w.size+int64(len(w.header))); err != nil {
		return err
	}
	n := len(w.header) + len(s.Payload)
	w.size += int64(n)
	w.lengths = append(w.lengths, n)
	return nil
}

// learn keeps what the sidecar will need of a durable frame.
func (w *writer) learn(s *frame.Sealed) { w.filter.add(s) }

func (w *writer) close() {
	if w.file != nil {
		w.file.Close()
	}
	if w.marker != nil {
		w.marker.Close()
	}
	w.file, w.marker = nil, nil
}

// begin makes a segment whose first frame is seq.
func (j *Journal) begin(seq uint64) error {
	path := segmentPath(j.opts.Dir, seq)
	// A segment of this name never had a durable frame: numbers are not given
	// twice, so only an attempt that failed can have left it.
	if err := j.opts.FS.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := j.opts.FS.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	if err := j.opts.FS.SyncDir(j.opts.Dir); err != nil {
		file.Close()
		return err
	}
	seg := &segment{path: path, verified: true, summary: summary{First: seq, Last: seq - 1}}
	w := &j.writer
	w.file, w.segment, w.size, w.published, w.lengths = file, seg, 0, 0, w.lengths[:0]
	w.filter.reset(j.opts.SegmentSize)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = append(j.segments, seg)
	return nil
}

// undo takes back what was written since the last fsync and is not known to
// be whole. The segment is not used again if that fails.
func (j *Journal) undo(cause error) error {
	w := &j.writer
	if err := w.file.Truncate(w.published); err != nil {
		j.abandon("it cannot be cut back")
		return errors.Join(cause, err)
	}
	w.size, w.lengths = w.published, w.lengths[:0]
	return cause
}

// isRemoved says whether the segment has no name any more: what is written to
// it will be gone.
func (w *writer) isRemoved(fsys vfs.FS) bool {
	_, err := fsys.Stat(w.segment.path)
	return errors.Is(err, fs.ErrNotExist)
}

// abandon gives up the open segment, after a failed fsync for one: nothing is
// known of what was written since the last good one, and it is never written or
// synced again. Its durable frames stay; the others are still in memory and go,
// with the same numbers, into a new segment, whose copies then count.
func (j *Journal) abandon(reason string) {
	seg := j.writer.segment
	j.writer.file.Close()
	j.writer.file = nil
	j.opts.Logger.Warn("a segment is given up; what was not durable in it is written again",
		"segment", filepath.Base(seg.path), "reason", reason, "durable_bytes", seg.Size)
	if seg.empty() {
		j.forget(seg)
		return
	}
	j.finish(seg)
}

// seal ends the open segment, which is durable, and writes its index.
func (j *Journal) seal() {
	j.writer.file.Close()
	j.writer.file = nil
	j.finish(j.writer.segment)
}

// finish writes the index of a segment that gets no more frames. Without one
// it stays readable; the index is then rebuilt at the next start.
func (j *Journal) finish(seg *segment) {
	size, err := writeSidecar(j.opts.FS, seg.path, &seg.summary, j.writer.filter.take())
	if err != nil {
		j.opts.Logger.Warn("the index of a segment was not written; searching it is slower until the next start",
			"segment", filepath.Base(seg.path), "error", err)
		size = 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	seg.sealed, seg.indexSize = true, size
}

// The marker is a file that tells other processes up to which number frames
// are durable, so that they show no others. It is a hint, never synced:
//
//	seq uint64, crc uint32 CRC-32C of seq
const (
	markerName = "durable"
	markerSize = 12
)

// mark publishes seq to other processes. They do without when that fails.
func (w *writer) mark(seq uint64) {
	if w.marker == nil {
		return
	}
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, markerSize), seq)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, _ = w.marker.WriteAt(b, 0)
}

// readMarker is the number up to which frames are durable; false when it is
// not known.
func readMarker(fsys vfs.FS, dir string) (seq uint64, ok bool) {
	b, err := vfs.ReadFile(fsys, filepath.Join(dir, markerName), markerSize)
	if err != nil || len(b) < markerSize {
		return 0, false
	}
	body, err := checked(b)
	if err != nil {
		return 0, false
	}
	return binary.LittleEndian.Uint64(body), true
}
