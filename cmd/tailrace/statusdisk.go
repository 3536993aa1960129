package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// diskStatus puts a report together from what is durable: the checkpoint,
// rolled forward from the frames behind it, the cursors, and the files.
type diskStatus struct {
	cfg *config.Config
	// discover says that the configuration is the agent's, so that its
	// receivers tell which files are excluded or not read yet.
	discover bool
	reader   *journal.Reader
}

func (d *diskStatus) report(ctx context.Context) (*status.Report, error) {
	if d.cfg.Service.Journal.Type == config.InMemory {
		return d.withoutJournal(ctx)
	}
	root := d.cfg.Service.Journal.Directory
	dir, err := logsIn(root)
	if err != nil {
		return nil, err
	}
	d.reader = journal.NewReader(vfs.OS{}, dir)
	r := &status.Report{Time: time.Now(), Journal: status.Journal{Directory: root}}
	if err := d.journal(ctx, &r.Journal); err != nil {
		return nil, err
	}
	// What follows is shown as far as it can be found out.
	var problems [4]error
	r.Owner, problems[3] = d.owner(r.Time)
	r.Exporters, problems[0] = d.exporters(ctx)
	entries, err := d.positions(ctx, root)
	problems[1] = err
	r.Files, problems[2] = d.files(ctx, entries)
	note(r, problems[:]...)
	return r, ctx.Err()
}

// note adds what could not be found out.
func note(r *status.Report, problems ...error) {
	for _, p := range problems {
		if p != nil {
			r.Problems = append(r.Problems, p.Error())
		}
	}
}

// withoutJournal is what an agent leaves whose journal is in memory: how far
// files were delivered, if it has a disk.
func (d *diskStatus) withoutJournal(ctx context.Context) (*status.Report, error) {
	root := d.cfg.Service.Journal.Directory
	r := &status.Report{Time: time.Now(), Journal: status.Journal{Directory: root, InMemory: true}}
	o := checkpoint.Options{FS: vfs.ReadOnly(vfs.OS{}), Name: pipeline.DeliveredName}
	if root != "" {
		o.Dir = filepath.Join(root, pipeline.CheckpointDir)
	}
	store, err := checkpoint.Open(o)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	r.Files, err = d.files(ctx, store.All())
	owner, unknown := d.owner(r.Time)
	r.Owner = owner
	note(r, err, unknown)
	return r, ctx.Err()
}

// owner is whose the directory is, as the next start will find it.
func (d *diskStatus) owner(now time.Time) (status.Owner, error) {
	dir := d.cfg.Service.Journal.Directory
	if dir == "" {
		return status.Owner{}, nil
	}
	node := ""
	if d.discover {
		node = pipeline.NodeName(d.cfg)
	}
	found, err := owner.Look(vfs.ReadOnly(vfs.OS{}), dir, node, now)
	if err != nil {
		return status.Owner{}, err
	}
	return pipeline.OwnerOf(&found.Record, now), nil
}

func (d *diskStatus) journal(ctx context.Context, j *status.Journal) error {
	segments, err := d.reader.Segments()
	if err != nil {
		return err
	}
	for _, s := range segments {
		j.Bytes += s.Size
		j.Damaged += uint64(s.Damaged)
	}
	// The oldest and the newest frame are in the first and last segment that
	// has any; segments in between need not be opened.
	for _, s := range segments {
		if err := d.bounds(ctx, s, j); err != nil {
			return err
		}
		if j.Last > 0 {
			break
		}
	}
	for _, s := range slices.Backward(segments) {
		before := j.Last
		if err := d.bounds(ctx, s, j); err != nil || j.Last > before {
			return err
		}
	}
	return nil
}

// bounds takes the frames of a segment into account.
func (d *diskStatus) bounds(ctx context.Context, s journal.Segment, j *status.Journal) error {
	_, err := d.reader.Entries(ctx, s, 0, func(e *journal.Entry) error {
		if j.First == 0 {
			j.First, j.Oldest = e.Seq, time.Unix(0, e.JournalTime)
		}
		if e.Seq > j.Last {
			j.Last, j.Newest = e.Seq, time.Unix(0, e.JournalTime)
		}
		return nil
	})
	return err
}

func (d *diskStatus) exporters(ctx context.Context) ([]status.Exporter, error) {
	cursors, err := d.reader.Cursors(ctx)
	var all []status.Exporter
	for _, c := range cursors {
		e := status.Exporter{
			Name: c.Name, Position: c.Position,
			PendingFrames: uint64(c.Pending.Frames), PendingLines: c.Pending.DocLines, PendingBytes: c.Pending.Bytes,
			Delivered: c.Result.Delivered, Dead: c.Result.Dead, Parked: c.Result.Parked, Lost: c.Result.Lost, Skipped: c.Skipped.Lines,
		}
		if c.Oldest != 0 {
			e.Oldest = time.Unix(0, c.Oldest)
		}
		all = append(all, e)
	}
	return all, err
}

// positions are how far each file was read.
func (d *diskStatus) positions(ctx context.Context, root string) ([]checkpoint.Entry, error) {
	store, err := checkpoint.Open(checkpoint.Options{FS: vfs.ReadOnly(vfs.OS{}), Dir: filepath.Join(root, pipeline.CheckpointDir)})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	segments, err := d.reader.Segments()
	if err != nil {
		return nil, err
	}
	from := store.Seq()
	for i, s := range segments {
		if i+1 < len(segments) && segments[i+1].First <= from {
			continue
		}
		if err := d.rollForward(ctx, s, from, store); err != nil {
			return nil, err
		}
	}
	return store.All(), nil
}

func (d *diskStatus) rollForward(ctx context.Context, s journal.Segment, from uint64, store *checkpoint.Store) error {
	_, err := d.reader.Entries(ctx, s, 0, func(e *journal.Entry) error {
		if e.Seq <= from {
			return nil
		}
		m, err := d.reader.Meta(s, e)
		if err == nil {
			store.Apply(m)
		}
		return nil // what a damaged frame says is not known to the agent either
	})
	return err
}

// files are those with a position, and those that the receivers find besides.
func (d *diskStatus) files(ctx context.Context, entries []checkpoint.Entry) (all []status.File, err error) {
	found := map[string]tail.Target{}
	if d.discover {
		err = pipeline.Discover(ctx, d.cfg, func(t tail.Target) { found[t.Path()] = t })
	}
	known := map[string]bool{}
	for i := range entries {
		if !entries[i].Identity.OfFile() {
			continue
		}
		f := fileOf(&entries[i])
		if f.Size >= 0 && !entries[i].Final {
			known[f.Path] = true
		}
		if t, ok := found[f.Path]; ok && t.Excluded != "" {
			f.State, f.Reason = "excluded", t.Excluded
		}
		all = append(all, f)
	}
	for path, t := range found {
		if !known[path] {
			all = append(all, unread(&t))
		}
	}
	slices.SortStableFunc(all, func(a, b status.File) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), a.LastFrame.Compare(b.LastFrame))
	})
	return all, err
}

// fileOf is a file of which the position is known.
func fileOf(e *checkpoint.Entry) status.File {
	f := status.File{
		Path: e.Path, ID: e.ID.String(), Identity: e.Identity.Path, Generation: e.Identity.Generation,
		Offset: e.Offset, LastFrame: time.Unix(0, e.LastSeen),
		Lines: e.Counts.Lines, InDocs: e.Counts.DocLines, Dropped: e.Counts.DroppedLines, Lost: e.Counts.LostBytes,
	}
	f.Namespace, f.Pod, f.Container, _ = search.ContainerOf(e.Identity.Path)
	f.Size, f.State, f.Reason = compareFile(e)
	return f
}

// compareFile says what is in the place where the file was seen last. Its size
// is -1 when the file is not there any more.
func compareFile(e *checkpoint.Entry) (size int64, state, reason string) {
	st, err := os.Lstat(e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, gone(e), ""
	case err != nil:
		return -1, "unknown", err.Error()
	case !sameFile(st, e):
		return -1, "renamed or replaced", "another file has its name now"
	case st.Size() < e.Offset:
		return st.Size(), "truncated", "it is shorter than what was read"
	case st.Size() > e.Offset:
		return st.Size(), "not read to its end", ""
	}
	return st.Size(), "read to its end", ""
}

func gone(e *checkpoint.Entry) string {
	if e.Final {
		return "done and deleted"
	}
	return "deleted or renamed"
}

func sameFile(st fs.FileInfo, e *checkpoint.Entry) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return !ok || e.Ino == 0 || sys.Ino == e.Ino && sys.Dev == e.Dev
}

// unread is a file of which nothing is in the journal.
func unread(t *tail.Target) status.File {
	f := status.File{Path: t.Path(), Identity: t.PathIdentity, Size: -1, State: "not read yet"}
	f.Namespace, f.Pod, f.Container, _ = search.ContainerOf(t.PathIdentity)
	if st, err := os.Lstat(f.Path); err == nil {
		f.Size = st.Size()
	}
	switch {
	case t.Excluded != "":
		f.State, f.Reason = "excluded", t.Excluded
	case t.Refused != "":
		f.State, f.Reason = "refused", t.Refused
	}
	return f
}
