package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// followEvery is how often a following command looks for new frames: as often
// as a lane seals them by default.
const followEvery = 200 * time.Millisecond

// journalFlags say which journal a command reads.
type journalFlags struct {
	directory string
	config    *[]string
}

func (f *journalFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.directory, "journal", "", "directory of the journal (default: as configured)")
	_ = cmd.MarkFlagDirname("journal")
	f.config = configFlag(cmd)
}

// settings say where the directory is that holds logs, deadletter and
// checkpoint, and of what type the journal is.
func (f *journalFlags) settings() (config.Journal, error) {
	if f.directory != "" {
		return config.Journal{Type: typeIn(f.directory), Directory: f.directory}, nil
	}
	cfg, err := loadConfig(*f.config)
	if err != nil {
		return config.Journal{}, err
	}
	return cfg.Service.Journal, nil
}

// typeIn is the type of journal of the agent that a directory belongs to.
func typeIn(directory string) string {
	if _, err := os.Stat(filepath.Join(directory, pipeline.CheckpointDir, pipeline.DeliveredName)); err == nil {
		return config.InMemory
	}
	return config.OnDisk
}

// open finds the logs' journal.
func (f *journalFlags) open() (*journal.Reader, error) {
	c, err := f.settings()
	if err != nil {
		return nil, err
	}
	if c.Type == config.InMemory {
		return nil, errors.New("there is no journal to search: this agent's is in memory (service.journal.type); " +
			"search where it delivers to, or use type: disk")
	}
	dir, err := logsIn(c.Directory)
	if err != nil {
		return nil, err
	}
	return journal.NewReader(vfs.Passing{}, dir), nil
}

// logsIn is the directory of the logs' segments under a journal's.
func logsIn(root string) (string, error) {
	dir := filepath.Join(root, pipeline.LogsDir)
	_, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no journal in %s: name the directory with --journal DIR, or the agent's configuration with --config FILE", root)
	}
	if errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("the journal in %s may not be read by this user: run the command as the agent's user or as root", root)
	}
	return dir, err
}

// damageReport prints each damaged frame and remembers that there was one.
type damageReport struct {
	w    io.Writer
	seen bool
}

func (d *damageReport) add(err error) {
	d.seen = true
	render.Report(d.w, err.Error())
}

// error is nil when there was none.
func (d *damageReport) error() error {
	if !d.seen {
		return nil
	}
	return errors.New("a part of the journal is damaged: the result is incomplete")
}

// runSearch runs s, and goes on with new lines if they are wanted.
func runSearch(ctx context.Context, s *search.Search, follow bool) error {
	err := s.Run(ctx)
	switch {
	case ctx.Err() != nil && !follow:
		return errors.New("interrupted: the result is incomplete")
	case err != nil || !follow:
		return err
	}
	return s.Follow(ctx, followEvery)
}

// printNotes says what the result does not show.
func printNotes(w io.Writer, stats search.Stats) {
	if stats.Late > 0 {
		render.Report(w, fmt.Sprintf("note: %d lines came after later ones: too many lines waited for their turn; a narrower search keeps the order", stats.Late))
	}
	if stats.SegmentsGone > 0 {
		render.Report(w, "note: the journal deleted its oldest segments while they were being searched; their lines are missing here")
	}
}
