package journal

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
)

// Cursors are the figures of every cursor that there ever was, in the order of
// names, as their files have them; those of exporters that are not configured
// any more stand still. One whose file is unreadable has its name only, and is
// reported in the error; the others are right.
func (r *Reader) Cursors(ctx context.Context) ([]CursorStats, error) {
	files, err := r.fsys.ReadDir(filepath.Join(r.dir, cursorDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []CursorStats
	for _, f := range files {
		escaped, ok := strings.CutSuffix(f.Name(), cursorSuffix)
		if !ok {
			continue
		}
		name, unescape := url.PathUnescape(escaped)
		st, open := r.cursor(name)
		err = errors.Join(err, unescape, open)
		all = append(all, st)
	}
	return all, errors.Join(err, r.countPending(ctx, all))
}

func (r *Reader) cursor(name string) (CursorStats, error) {
	f, err := slot.Open(vfs.ReadOnly(r.fsys), cursorPath(r.dir, name))
	if err != nil {
		return CursorStats{Name: name}, err
	}
	defer f.Close()
	s, err := parseState(f.Newest().Payload)
	return CursorStats{
		Name: name, Start: s.Start, Position: s.Position, Passed: s.Passed,
		Result: s.Result, Skipped: s.Skipped, Damaged: s.Damaged,
	}, err
}

// countPending sums what lies behind each position.
func (r *Reader) countPending(ctx context.Context, all []CursorStats) error {
	segments, err := r.Segments()
	if err != nil || len(all) == 0 {
		return err
	}
	for _, s := range segments {
		_, err := r.Entries(ctx, s, 0, func(e *Entry) error {
			for i := range all {
				all[i].await(e)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await counts a frame if it lies behind the cursor's position.
func (c *CursorStats) await(e *Entry) {
	if e.Seq <= c.Position {
		return
	}
	if c.Oldest == 0 {
		c.Oldest = e.JournalTime
	}
	c.Pending.Add(e.tally())
}
