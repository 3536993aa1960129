package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// recover brings the journal back to what was acknowledged. Sealed segments
// are trusted by their index; the others are verified and sealed.
func (j *Journal) recover() error {
	if err := j.opts.FS.MkdirAll(filepath.Join(j.opts.Dir, cursorDir), 0o750); err != nil {
		return err
	}
	l, err := list(j.opts.FS, j.opts.Dir)
	if err != nil {
		return err
	}
	for _, name := range l.stray {
		if err := j.opts.FS.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i, first := range l.segments {
		bound := uint64(0)
		if i+1 < len(l.segments) {
			bound = l.segments[i+1]
		}
		if err := j.admit(first, bound, l.sidecars[first]); err != nil {
			return fmt.Errorf("segment %s: %w", filepath.Base(segmentPath(j.opts.Dir, first)), err)
		}
	}
	if err := j.raiseByCursors(); err != nil {
		return err
	}
	j.nextSeq += j.opts.LeaveOut
	return j.openMarker()
}

// admit takes a segment into the list. bound is the number that the next
// segment begins at, which has the newer copies of the numbers from there on;
// 0 for the last one.
func (j *Journal) admit(first, bound uint64, indexed bool) error {
	seg := &segment{path: segmentPath(j.opts.Dir, first), sealed: true, summary: summary{First: first, Last: first - 1}}
	j.nextSeq = max(j.nextSeq, first)
	if !indexed || !j.trust(seg) {
		if err := j.verify(seg, bound); err != nil {
			return err
		}
	}
	if seg.empty() {
		return j.discard(seg, bound)
	}
	seg.date(j.opts.wall())
	j.segments = append(j.segments, seg)
	j.durable = max(j.durable, seg.Last)
	j.nextSeq = max(j.nextSeq, seg.Last+1)
	return nil
}

// trust reads the segment's summary from its index; false when the index does
// not fit the segment.
func (j *Journal) trust(seg *segment) bool {
	x, err := openSidecar(j.opts.FS, seg.path)
	if err != nil {
		return false
	}
	defer x.file.Close()
	st, err := j.opts.FS.Stat(seg.path)
	if err != nil || x.First != seg.First || st.Size() < x.Size {
		return false
	}
	seg.summary, seg.indexSize = x.summary, x.size()
	return true
}

// discard removes a segment without frames. The last one is kept until the
// next frame replaces it, since its name keeps numbers from being given again.
func (j *Journal) discard(seg *segment, bound uint64) error {
	if bound == 0 {
		return nil
	}
	return j.opts.FS.Remove(seg.path)
}

// verify checks every frame of a segment, cuts off what was never
// acknowledged, makes the rest durable and writes its index.
func (j *Journal) verify(seg *segment, bound uint64) error {
	file, err := j.opts.FS.OpenFile(seg.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return err
	}
	v := verifier{scanner: scanner{walker: walker{file: file}, limit: size}, bound: bound}
	if bound > 0 {
		v.last = bound - 1
	}
	v.sum = seg.summary
	if err := v.run(); err != nil {
		return err
	}
	seg.summary, seg.verified = v.sum, true
	j.recovery.Damaged += v.sum.Damaged
	if bound == 0 {
		if err := j.cut(file, seg, size); err != nil {
			return err
		}
	}
	if seg.empty() {
		return nil
	}
	return j.rebuild(seg)
}

// cut truncates what follows the segment's last good frame and makes the
// frames durable: the process that wrote them may have died before its fsync.
func (j *Journal) cut(file vfs.File, seg *segment, size int64) error {
	if size > seg.Size {
		j.recovery.Truncated += size - seg.Size
		j.opts.Logger.Warn("the end of a segment was not whole; it was never acknowledged and is read again from its sources",
			"segment", filepath.Base(seg.path), "bytes", size-seg.Size)
		if err := file.Truncate(seg.Size); err != nil {
			return err
		}
	}
	if err := file.Sync(); err != nil {
		return j.salvage(file, seg)
	}
	return j.opts.FS.SyncDir(j.opts.Dir)
}

// salvage copies the verified frames to a new file after a failed fsync, of
// which nothing is known.
func (j *Journal) salvage(file vfs.File, seg *segment) error {
	return vfs.Replace(j.opts.FS, seg.path, func(to vfs.File) error {
		buf := make([]byte, 256<<10)
		for off := int64(0); off < seg.Size; {
			n, err := file.ReadAt(buf[:min(int64(len(buf)), seg.Size-off)], off)
			if n == 0 {
				return err
			}
			if _, err := to.WriteAt(buf[:n], off); err != nil {
				return err
			}
			off += int64(n)
		}
		return nil
	})
}

// rebuild writes the index of a segment that has none. It cannot know the ids
// of the whole segment, so searches ask the frames' own filters.
func (j *Journal) rebuild(seg *segment) error {
	n, err := writeSidecar(j.opts.FS, seg.path, &seg.summary, nil)
	if err != nil {
		j.opts.Logger.Warn("the index of a segment cannot be written; searching it is slower",
			"segment", filepath.Base(seg.path), "error", err)
		return nil
	}
	seg.indexSize = n
	j.recovery.Rebuilt++
	return nil
}

// raiseByCursors makes sure that no number is given again that an exporter has
// passed.
func (j *Journal) raiseByCursors() error {
	dir := filepath.Join(j.opts.Dir, cursorDir)
	entries, err := j.opts.FS.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), cursorSuffix) {
			continue
		}
		f, st, err := openState(j.opts.FS, filepath.Join(dir, e.Name()))
		if err != nil {
			continue // its own Cursor call will say so
		}
		f.Close()
		j.raise(st.Position, "exporter", strings.TrimSuffix(e.Name(), cursorSuffix))
	}
	return nil
}

// raise makes the next number larger than seq, which somebody has seen.
func (j *Journal) raise(seq uint64, who ...any) {
	if seq < j.nextSeq {
		return
	}
	if j.recovery.Gap == 0 {
		j.recovery.Gap = j.nextSeq
	}
	j.opts.Logger.Error("the journal ends before a frame that was used already: the disk lost acknowledged data, or files were removed",
		append([]any{"last", j.durable, "used", seq}, who...)...)
	j.nextSeq = seq + 1
}

func (j *Journal) openMarker() error {
	f, err := j.opts.FS.OpenFile(filepath.Join(j.opts.Dir, markerName), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	j.writer.marker = f
	j.writer.mark(j.durable)
	return nil
}

// Replay calls fn for the metadata of the recovered frames behind after, in
// order, after decompressing each. It is called before the first Append, to roll
// the checkpoint forward, and makes sure that no number up to after is given
// again. A frame that is damaged though it was durable is left out and
// counted. The metadata is fn's only until it returns.
func (j *Journal) Replay(after uint64, fn func(*frame.Meta) error) error {
	j.mu.Lock()
	segments := slices.Clone(j.segments)
	j.mu.Unlock()
	for _, seg := range segments {
		if seg.Last <= after {
			continue
		}
		if err := j.replay(seg, after, fn); err != nil {
			return fmt.Errorf("segment %s: %w", filepath.Base(seg.path), err)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.raise(after, "checkpoint", after)
	return nil
}

func (j *Journal) replay(seg *segment, after uint64, fn func(*frame.Meta) error) error {
	file, err := j.opts.FS.OpenFile(seg.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	v := verifier{scanner: scanner{walker: walker{file: file}, limit: seg.Size, last: seg.Last}}
	if seg.indexSize > 0 {
		v.end = seg.behind(j.opts.FS, after)
	}
	for v.next() {
		if v.meta.Seq <= after {
			continue
		}
		if err := v.decompress(); damage(err) {
			j.damaged(seg, &v.meta)
			continue
		} else if err != nil {
			return err
		}
		if err := fn(&v.meta); err != nil {
			return err
		}
	}
	return v.err
}

// damaged counts a frame that was durable and is not readable.
func (j *Journal) damaged(seg *segment, m *frame.Meta) {
	j.opts.Logger.Error("a frame is damaged on disk; its lines are read again if their files are still there, and what exporters have not delivered of it counts as lost",
		"segment", filepath.Base(seg.path), "frame", m.Seq)
	j.mu.Lock()
	if !seg.verified {
		j.recovery.Damaged++
	}
	j.mu.Unlock()
	j.report(m)
}
