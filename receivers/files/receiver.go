// Package files finds log files by patterns of their paths: access logs on the
// host, and every other file that programs append lines to.
package files

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Options are what the receiver is told beside its configuration.
type Options struct {
	// Host is the host's name.
	Host string
	// Now is when the agent started.
	Now time.Time
}

// Receiver is a tail.Provider.
type Receiver struct {
	cfg      Config
	opts     Options
	start    tail.Start
	patterns []*pattern
	watched  tail.Dirs
}

// pattern is a glob, in the directory that its fixed beginning names and the
// parts that are matched below it. Nothing leads out of that directory.
type pattern struct {
	dir   string
	parts []string
	root  *confine.Root
}

// New returns a receiver for a configuration; mistakes are those of Validate.
func New(cfg Config, opts Options) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	start, err := tail.ParseStart(cfg.StartAt, opts.Now)
	if err != nil {
		return nil, err
	}
	r := &Receiver{cfg: cfg, opts: opts, start: start}
	for _, p := range cfg.Include {
		r.patterns = append(r.patterns, newPattern(path.Clean(p)))
	}
	return r, nil
}

func newPattern(glob string) *pattern {
	dir, parts := "/", strings.Split(strings.TrimPrefix(glob, "/"), "/")
	for len(parts) > 1 && !strings.ContainsAny(parts[0], `*?[\`) {
		dir, parts = path.Join(dir, parts[0]), parts[1:]
	}
	return &pattern{dir: dir, parts: parts}
}

// Watch lists the directories that were looked into last.
func (r *Receiver) Watch() []string { return r.watched.All() }

// Close closes the directories that files were looked for in.
func (r *Receiver) Close() (err error) {
	for _, p := range r.patterns {
		if p.root != nil {
			err = errors.Join(err, p.root.Close())
			p.root = nil
		}
	}
	return err
}

// Scan yields the files at or below a directory.
func (r *Receiver) Scan(ctx context.Context, under string, yield func(tail.Target)) error {
	r.watched.Look(under)
	var errs []error
	seen := make(map[string]bool)
	for _, p := range r.patterns {
		s := &scan{Receiver: r, pattern: p, ctx: ctx, under: under, seen: seen, yield: yield}
		errs = append(errs, s.run())
	}
	return errors.Join(errs...)
}

// isWithin says whether dir is under, or below it.
func isWithin(dir, under string) bool {
	return under == "" || under == "/" || dir == under || strings.HasPrefix(dir, under+"/")
}

// Describe says what is known of a file: its path and the host. Its chain is
// named after the live file, whatever it was rotated to.
func (r *Receiver) Describe(t *tail.Target) event.Source {
	src := event.Source{
		Container: t.Chain, Settings: event.Settings{Format: r.cfg.Format, LogFormat: r.cfg.LogFormat, Multiline: r.cfg.Multiline, Timezone: r.cfg.Timezone},
		Attributes: []event.Attr{tail.StringAttr("log.file.path", t.Chain)},
	}
	if r.opts.Host != "" {
		src.Resource = []event.Attr{tail.StringAttr("host.name", r.opts.Host)}
	}
	return src
}
