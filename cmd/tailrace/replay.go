package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
	"github.com/tailrace/tailrace/internal/terminal"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
)

// replayCommand is one run of replay.
type replayCommand struct {
	journal journalFlags
	bounds  searchflags.Bounds
	to      string
	dryRun  bool
}

func newReplayCommand() *cobra.Command {
	var r replayCommand
	cmd := &cobra.Command{
		Use:     "replay --to EXPORTER",
		GroupID: groupAgent,
		Short:   "Send a part of the journal again, to an exporter of the configuration",
		Long: `Replay sends documents of this node's journal to an exporter of the configuration
once more: after an index was lost, or to fill a new one. What the backend has
is known by its id and not stored twice, so that replay can be repeated, and
interrupted, at any time.

It works with the agent running or not. The agent's own positions stay as they
are. The status is 1 when the backend refused documents or part of the journal
could not be read.`,
		Args: cobra.NoArgs,
		Example: `  tailrace replay --config config.yaml --since 2h --to elasticsearch --dry-run
  tailrace replay --config config.yaml --since 2h --until 30m -n shop --to elasticsearch/new`,
	}
	cmd.Flags().StringVar(&r.to, "to", "", "exporter of the configuration, such as elasticsearch or elasticsearch/eu")
	_ = cmd.MarkFlagRequired("to")
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "only count what would be sent")
	r.bounds.AddTime(cmd.Flags(), searchflags.DefaultSince)
	r.bounds.AddNames(cmd.Flags())
	r.journal.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return r.run(cmd) }
	return cmd
}

func (r *replayCommand) run(cmd *cobra.Command) error {
	id, err := config.ParseID(r.to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	cfg, err := loadConfig(*r.journal.config)
	if err != nil {
		return err
	}
	damage := damageReport{w: cmd.ErrOrStderr()}
	part, err := r.part(damage.add)
	if err != nil {
		return err
	}
	if r.dryRun {
		return r.count(cmd, part, damage.error)
	}
	size, err := part.Size(cmd.Context())
	if err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr(), size.Bytes)
	sent, err := pipeline.Resend(cmd.Context(), cfg, pipeline.ResendOptions{
		Exporter: id, Frames: part.Frames(cmd.Context(), bar.passed), Progress: bar.show,
		Logger: slog.New(slog.NewTextHandler(bar, nil)), Stdout: cmd.OutOrStdout(),
	})
	bar.end()
	if err == nil || sent.Stored+sent.Existed > 0 {
		report(cmd.ErrOrStderr(), sent, bar.elapsed())
	}
	switch {
	case cmd.Context().Err() != nil:
		return errors.New("interrupted; what was sent is stored, and the same command goes on")
	case err != nil:
		return err
	case sent.RefusedDocs() > 0:
		return fmt.Errorf("%s documents were refused; they are still in the journal", humanize.Comma(int64(sent.RefusedDocs())))
	}
	return damage.error()
}

// part is what the flags choose of the journal.
func (r *replayCommand) part(damaged func(error)) (*pipeline.Range, error) {
	var q search.Query
	if err := r.bounds.Apply(&q); err != nil {
		return nil, err
	}
	reader, err := r.journal.open()
	if err != nil {
		return nil, err
	}
	var doc search.Document
	return &pipeline.Range{
		Reader: reader, Since: q.Since, Until: q.Until, Damaged: damaged,
		Selective: r.bounds.Namespace+r.bounds.Pod+r.bounds.Container != "",
		Wants:     func(source []byte) bool { return doc.Read(source) == nil && q.Wants(&doc) },
	}, nil
}

// count says what would be sent.
func (r *replayCommand) count(cmd *cobra.Command, part *pipeline.Range, damaged func() error) error {
	frames, docs, bytes := 0, uint64(0), int64(0)
	for f, err := range part.Frames(cmd.Context(), func(int64) {}) {
		if err != nil {
			return err
		}
		frames, docs, bytes = frames+1, docs+uint64(f.Meta.Docs), bytes+int64(f.Meta.PackedSize)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "would send %s documents, %s compressed, to %s\n",
		humanize.Comma(int64(docs)), humanize.IBytes(uint64(bytes)), r.to)
	return damaged()
}

// report says what became of the documents.
func report(w io.Writer, r pipeline.Resent, took time.Duration) {
	fmt.Fprintf(w, "sent %s documents in %v: %s stored, %s were there already, %s refused\n",
		humanize.Comma(int64(r.Stored+r.Existed+r.RefusedDocs())), took.Round(time.Millisecond),
		humanize.Comma(int64(r.Stored)), humanize.Comma(int64(r.Existed)), humanize.Comma(int64(r.RefusedDocs())))
	for _, reason := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(w, "  %s refused: %s\n", humanize.Comma(int64(r.Refused[reason])), printable(reason))
	}
}

// progress is a line that is written again and again on a terminal, and now
// and then a new one elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	total    int64
	done     atomic.Int64
	begun    time.Time
	next     time.Time
}

const (
	// progressOften and progressSeldom are how often it is shown on a terminal
	// and in a pipe.
	progressOften  = 200 * time.Millisecond
	progressSeldom = 10 * time.Second
)

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{w: w, terminal: terminal.Is(w), total: total, begun: time.Now()}
	p.next = p.begun.Add(p.every())
	return p
}

func (p *progress) every() time.Duration {
	if p.terminal {
		return progressOften
	}
	return progressSeldom
}

func (p *progress) passed(bytes int64) { p.done.Add(bytes) }

func (p *progress) elapsed() time.Duration { return time.Since(p.begun) }

// show prints how far it is. Calls come from one goroutine.
func (p *progress) show(r pipeline.Resent) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every())
	line := p.line(r)
	if p.terminal {
		fmt.Fprint(p.w, eraseLine+line)
		return
	}
	fmt.Fprintln(p.w, line)
}

func (p *progress) line(r pipeline.Resent) string {
	docs, share := r.Stored+r.Existed+r.RefusedDocs(), 1.0
	if p.total > 0 {
		share = float64(p.done.Load()) / float64(p.total)
	}
	took := p.elapsed()
	line := fmt.Sprintf("%3.0f %% · %s documents · %.0f/s", 100*share, humanize.Comma(int64(docs)), float64(docs)/took.Seconds())
	if share > 0 && share < 1 {
		left := time.Duration(float64(took) * (1 - share) / share)
		line += fmt.Sprintf(" · %v left", left.Round(time.Second))
	}
	if r.Trouble.Reason != "" {
		line += " · waiting: " + printable(r.Trouble.Reason)
	}
	return line
}

// Write prints a message of the log below the line.
func (p *progress) Write(b []byte) (int, error) {
	if p.terminal {
		fmt.Fprint(p.w, eraseLine)
	}
	return p.w.Write(b)
}

// end removes the line.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.w, eraseLine)
	}
}
