package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/journal/memory"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// storage is what the agent does with its journal, on disk or in memory.
type storage interface {
	Appender
	// Flush returns when exporters see what was appended before.
	Flush(ctx context.Context) error
	// Checkpointed says up to which frame positions are saved twice.
	Checkpointed(seq uint64)
	Stats() journal.Stats
	Close() error
}

// cursor is an exporter's position in either.
type cursor interface {
	shipping.Cursor
	Stats() journal.CursorStats
}

// letters is a place for refused documents, with figures.
type letters interface {
	shipping.Letters
	Stats() []journal.StoreStats
}

// lot is a place for documents that are tried again, with figures.
type lot interface {
	shipping.Lot
	Stats() []journal.StoreStats
}

// cursors makes of a journal's own kind of cursor what the agent uses.
func cursors[C cursor](open func(string, journal.CursorOptions) (C, error)) func(string, journal.CursorOptions) (cursor, error) {
	return func(name string, o journal.CursorOptions) (cursor, error) {
		c, err := open(name, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

func (a *Agent) inMemory() bool { return a.cfg.Service.Journal.Type == config.InMemory }

// unused fails when another type of journal has left its state in the
// directory: each would take the other's for its own and lose what is in it.
func unused(fsys vfs.FS, name, by string) error {
	_, err := fsys.Stat(name)
	if err == nil {
		return fmt.Errorf("%s belongs to a journal of type %s, and with another type what is in it would be lost: "+
			"name another service.journal.directory, or let an agent with type: %s deliver everything and remove the directory", name, by, by)
	}
	return nil
}

// openMemory makes a journal in memory. Where there is a disk it keeps what
// was delivered of each file, and what backends refuse.
func (a *Agent) openMemory(ctx context.Context) error {
	c, fsys := a.cfg.Service.Journal, vfs.OS{}
	kept, err := a.claimIfWritable(ctx, fsys, c.Directory)
	if err != nil {
		return err
	}
	o := checkpoint.Options{FS: fsys, Name: DeliveredName, Logger: a.log}
	if kept {
		o.Dir = filepath.Join(c.Directory, CheckpointDir)
	}
	if a.checkpoint, err = patiently(ctx, a.opener, func() (*checkpoint.Store, error) { return checkpoint.Open(o) }); err != nil {
		return err
	}
	j := memory.Open(memory.Options{MaxSize: int64(c.MaxSize), Logger: a.log, OnPassed: a.acknowledge})
	a.journal, a.cursor = j, cursors(j.Cursor)
	if err := j.Replay(a.checkpoint.Seq(), a.apply); err != nil {
		return err
	}
	a.adopt()
	if kept {
		a.log.Info(config.PromiseInMemory+"; "+config.PromisePositions, "positions", o.Dir, "saved_every", saveIntervalInMemory)
		return a.openStores(ctx, fsys, c.Directory)
	}
	a.log.Warn(config.PromiseInMemory + "; " + c.PromiseNothingKept())
	a.dead = memory.NewLetters(c.DeadLetter.OnFull == config.Block, a.log)
	return nil
}

// rollback discards what the stores have of an exporter's frames that come
// again. With a journal in memory frames of a queue may not come again: the
// broker hears at once that their documents are safe, and positions are saved
// later. Those that do come are in the stores twice then.
func (a *Agent) rollback(ctx context.Context, exporter string, position uint64) error {
	if a.inMemory() && a.countFrameReceivers() > 0 {
		return nil
	}
	for _, s := range a.stores {
		if _, err := patiently(ctx, a.opener, func() (bool, error) { return true, s.Rollback(exporter, position) }); err != nil {
			return err
		}
	}
	return nil
}

// claimIfWritable takes the directory, if there is one that can be written.
func (a *Agent) claimIfWritable(ctx context.Context, fsys vfs.FS, dir string) (kept bool, err error) {
	if dir == "" {
		return false, nil
	}
	if err := unused(fsys, filepath.Join(dir, LogsDir), config.OnDisk); err != nil {
		return false, err
	}
	err = a.claim(ctx, fsys, dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		a.log.Warn("the directory of the journal cannot be written, so nothing is kept there", "directory", dir, "error", err,
			"cure", "mount it writable, or set service.journal.directory to \"\" if that is meant")
		return false, nil
	}
	return err == nil, err
}
