package journal

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// counted counts the bytes that are read of each file.
type counted struct {
	vfs.OS
	read map[string]int64
}

func (c *counted) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := c.OS.OpenFile(name, flag, perm)
	return &countedFile{f, c}, err
}

type countedFile struct {
	vfs.File
	counted *counted
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.counted.read[f.Name()] += int64(n)
	return n, err
}

// Of sealed segments a start reads the summaries of their indices, however
// large they are, and what the checkpoint and the cursor have before them.
func TestAStartDoesNotReadSealedSegments(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 64 << 10})
	const frames = 400
	for i := range frames {
		appendAll(t, j, sample{docs: 5, tag: fmt.Sprint(i), size: 300})
		flush(t, j)
	}
	segments := j.Stats().Segments
	if err := j.Close(); err != nil || segments < 5 {
		t.Fatalf("%d segments, %v", segments, err)
	}
	// The checkpoint ends shortly before the last segment does, and the cursor
	// in the middle of the journal.
	files := &counted{read: map[string]int64{}}
	j = open(t, Options{FS: files, Dir: dir})
	seen := 0
	if err := j.Replay(frames-3, func(*frame.Meta) error { seen++; return nil }); err != nil || seen != 3 {
		t.Fatalf("%d frames were replayed, %v", seen, err)
	}
	c := cursorAt(t, j, frames/2)
	if n := c.Stats().Pending.Frames; n != frames/2 {
		t.Errorf("%d frames are pending, want %d", n, frames/2)
	}
	if f, err := c.Next(context.Background()); err != nil || f.Meta.Seq != frames/2+1 {
		t.Fatalf("the next frame: %v, %v", f, err)
	}
	// A few frames behind the checkpoint, one window for the cursor.
	if n := files.of(segmentSuffix); n > 3*smallWindow {
		t.Errorf("%d bytes of sealed segments were read", n)
	}
	// The summaries, and the whole indices of the two segments that the
	// checkpoint and the cursor are in, at most three times.
	if n := files.of(indexSuffix); n > int64(segments*summarySize+3*2*64<<10) {
		t.Errorf("%d bytes of indices were read", n)
	}
}

func (c *counted) of(suffix string) (n int64) {
	for name, read := range c.read {
		if strings.HasSuffix(name, suffix) {
			n += read
		}
	}
	return n
}

// cursorAt is a cursor that is done with frames up to seq.
func cursorAt(t *testing.T, j *Journal, seq uint64) *Cursor {
	t.Helper()
	c, err := j.Cursor("there", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.state.Position = seq
	if err := c.store(true); err != nil {
		t.Fatal(err)
	}
	c.read, c.pending = seq, Tally{}
	if err := c.join(); err != nil {
		t.Fatal(err)
	}
	return c
}
