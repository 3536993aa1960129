package pods

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/podlogs"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
)

// scan is one look at the directories.
type scan struct {
	*Receiver
	ctx   context.Context
	yield func(tail.Target)
	errs  []error
	// found are the logs of the container that is looked at.
	found []foundLog
}

// foundLog is a log file of a container.
type foundLog struct {
	file string
	logName
}

func (s *scan) rootDir() {
	for _, e := range s.list(".") {
		if s.ctx.Err() != nil {
			return
		}
		s.podDir(e.Name())
	}
}

func (s *scan) podDir(dir string) {
	if _, ok := podlogs.ParsePod(dir); !ok {
		s.refuse(dir, "its name is not <namespace>_<pod>_<uid>")
		return
	}
	for _, e := range s.list(dir) {
		s.containerOf(dir, e.Name())
	}
}

// containerOf looks at the directory of a container. The strings that are kept
// for a file are parts of two: there may be very many.
func (s *scan) containerOf(dir, container string) {
	p, ok := podlogs.ParsePod(dir)
	name := dir + "/" + container
	if !ok || !podlogs.IsContainer(container) {
		s.refuse(name, "its name is not that of a container's log directory")
		return
	}
	excluded := s.Excludes(p.Namespace, p.Name, container)
	newest := s.logs(name)
	for i := range s.found {
		l := &s.found[i]
		chain := s.cfg.Root + "/" + name + "/" + strconv.Itoa(l.restart)
		t := tail.Target{
			Root: s.cfg.Root, Name: name + "/" + l.file,
			Chain: chain, Order: l.order, PathIdentity: chain[len(s.cfg.Root)+1:],
			Decoder: tail.Container, Compressed: l.compressed, Superseded: l.restart < newest, Start: s.start, Excluded: excluded,
		}
		if l.link && excluded == "" {
			s.linked(t)
		} else {
			s.yield(t)
		}
	}
}

// logs finds the log files of a container, and returns its newest restart.
func (s *scan) logs(dir string) int {
	newest := 0
	s.found = s.found[:0]
	for _, e := range s.list(dir) {
		if l, ok := parseLog(e.Name()); ok {
			l.link = e.Type()&fs.ModeSymlink != 0
			s.found = append(s.found, foundLog{e.Name(), l})
			newest = max(newest, l.restart)
		}
	}
	return newest
}

// list reads a directory beneath the root and has it watched.
func (s *scan) list(dir string) []os.DirEntry {
	entries, ok := s.listBeneath(s.root, dir)
	if ok {
		s.watched.Add(path.Join(s.cfg.Root, dir))
	}
	return entries
}

// listBeneath reads a directory beneath a root and reports whether it is one.
func (s *scan) listBeneath(root *confine.Root, dir string) ([]os.DirEntry, bool) {
	limit := maxEntries
	if dir == "." {
		limit = maxPods
	}
	entries, err := root.ReadDir(dir, limit)
	var refused *confine.Refused
	switch {
	case errors.As(err, &refused):
		s.yield(tail.Target{Root: root.Path(), Name: dir, Refused: refused.Reason})
	case errors.Is(err, unix.ENOTDIR):
		// A file among the directories is none of the kubelet's logs.
	case err != nil:
		s.errs = append(s.errs, ignoreMissing(err))
	}
	return entries, entries != nil || err == nil
}

func (s *scan) refuse(name, reason string) {
	s.yield(tail.Target{Root: s.cfg.Root, Name: name, Refused: reason})
}

// excludedBy is for namespace, pod and container. Exclude wins over include.
func (r *Receiver) excludedBy(parts [3]string) string {
	for _, pattern := range r.exclude {
		if matches(pattern, parts) {
			return "exclude: " + pattern
		}
	}
	for _, pattern := range r.cfg.Include {
		if matches(pattern, parts) {
			return ""
		}
	}
	if len(r.cfg.Include) > 0 {
		return "include: no pattern matches " + strings.Join(parts[:], "/")
	}
	return ""
}

// matches compares part by part; a pattern of fewer parts matches everything
// below.
func matches(pattern string, parts [3]string) bool {
	for i, p := range strings.Split(pattern, "/") {
		// Validate has refused malformed patterns.
		if ok, err := path.Match(p, parts[i]); !ok || err != nil {
			return false
		}
	}
	return true
}
