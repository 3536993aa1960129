package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
)

// maxEntries bounds what is listed of one directory.
const maxEntries = 100_000

// scan is one look for a pattern.
type scan struct {
	*Receiver
	pattern *pattern
	ctx     context.Context
	under   string
	// seen are the paths that another pattern has found.
	seen  map[string]bool
	yield func(tail.Target)
	errs  []error
}

func (s *scan) run() error {
	if !isWithin(s.under, s.pattern.dir) && !isWithin(s.pattern.dir, s.under) {
		return nil
	}
	if s.pattern.root == nil {
		root, err := confine.OpenRoot(s.pattern.dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		s.pattern.root = root
	}
	s.descend(".", s.pattern.parts)
	return errors.Join(s.errs...)
}

// descend matches the first part in a directory and the others below it. Above
// the directory that is looked at there is only the way to it.
func (s *scan) descend(dir string, parts []string) {
	full := path.Join(s.pattern.dir, dir)
	if s.ctx.Err() != nil || !isWithin(full, s.under) && !isWithin(s.under, full) {
		return
	}
	if len(parts) == 1 {
		if isWithin(full, s.under) {
			s.files(dir, s.list(dir), parts[0])
		}
		return
	}
	if !isWithin(full, s.under) {
		next, _, _ := strings.Cut(strings.TrimPrefix(s.under[len(full):], "/"), "/")
		s.descendIf(dir, next, parts)
		return
	}
	if !strings.ContainsAny(parts[0], `*?[\`) {
		s.descend(path.Join(dir, parts[0]), parts[1:])
		return
	}
	for _, e := range s.list(dir) {
		if e.Type()&fs.ModeSymlink == 0 {
			s.descendIf(dir, e.Name(), parts)
		}
	}
}

// descendIf goes on in a directory whose name matches the first part.
func (s *scan) descendIf(dir, name string, parts []string) {
	// Validate has refused malformed patterns.
	if ok, err := path.Match(parts[0], name); ok && err == nil {
		s.descend(path.Join(dir, name), parts[1:])
	}
}

// files yields the files of a directory that match, each with those that were
// rotated away from it.
func (s *scan) files(dir string, entries []os.DirEntry, glob string) {
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Name()] = e.Type()&fs.ModeDir == 0
	}
	for name, isFile := range names {
		if !isFile {
			continue
		}
		// Validate has refused malformed patterns.
		matched, _ := path.Match(glob, name)
		live, order, ok := splitRotated(name)
		// The live file may be missing for a moment, while it is replaced.
		liveMatched, _ := path.Match(glob, live)
		if ok && (names[live] || liveMatched) {
			s.fileIf(matched || liveMatched, dir, name, live, order, !matched)
			continue
		}
		s.fileIf(matched, dir, name, name, tail.Live, false)
	}
}

func (s *scan) fileIf(wanted bool, dir, name, live string, order int64, onlyKnown bool) {
	if wanted {
		s.file(dir, name, live, order, onlyKnown)
	}
}

// file yields a file of the chain that is named after live. Rotated files that
// the pattern does not name are read only to go on in them.
func (s *scan) file(dir, name, live string, order int64, onlyKnown bool) {
	chain := path.Join(s.pattern.dir, dir, live)
	t := tail.Target{
		Root: s.pattern.dir, Name: path.Join(dir, name),
		Chain: chain, PathIdentity: path.Dir(chain),
		Order: order, Decoder: decoders[s.cfg.Decoder], Compressed: path.Ext(name) == gz, OnlyKnown: onlyKnown, Start: s.start,
	}
	if s.seen[t.Path()] {
		return
	}
	s.seen[t.Path()] = true
	if reason := unreadable(name); reason != "" {
		t.Excluded = reason
	}
	for _, p := range s.cfg.Exclude {
		if ok, err := path.Match(path.Clean(p), t.Path()); ok && err == nil {
			t.Excluded = "exclude: " + p
		}
	}
	s.yield(t)
}

// gz is the ending of what gzip has compressed.
const gz = ".gz"

// unreadable says why a file with a name is not read, empty when it is.
func unreadable(name string) string {
	switch ext := path.Ext(name); ext {
	case ".bz2", ".xz", ".zst", ".lz4":
		return "of compressed files only those of gzip are read, not " + ext
	}
	return ""
}

func (s *scan) list(dir string) []os.DirEntry {
	entries, err := s.pattern.root.ReadDir(dir, maxEntries)
	if entries != nil || err == nil {
		s.watched.Add(path.Join(s.pattern.dir, dir))
	}
	var refused *confine.Refused
	switch {
	case errors.As(err, &refused):
		s.yield(tail.Target{Root: s.pattern.dir, Name: dir, Refused: refused.Reason})
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR):
		s.errs = append(s.errs, err)
	}
	return entries
}
