package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/internal/podlogs"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
)

// kept is the file in which metadata outlive the process, as JSON. It spares a
// restart the wait, and has what the API server has forgotten by then.
type kept struct {
	Version    int
	Node       string
	Pods       []*pod
	Namespaces map[string]*namespace `json:",omitempty"`
}

// keptVersion is raised by whoever changes the form of kept. A file of another
// version is not used: everything in it that still matters much is in the API.
const keptVersion = 2

// maxKept bounds the file that is read.
const maxKept = 64 << 20

const (
	// settling is how long changes are gathered before the file is written.
	settling = time.Second
	// sweepEvery is how often is looked whose files are read.
	sweepEvery = time.Minute
	// maxGone bounds how many pods are kept that the API server has no more.
	maxGone = 1000
)

// tend writes what has changed, and forgets pods whose files are gone.
func (s *Pods) tend(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			s.save()
			return
		case <-s.changed:
			sleep(ctx, settling)
			s.save()
		case <-sweep.C:
			s.sweep(time.Now())
		}
	}
}

// load takes what the last process has known. Pods that are gone by now are
// noticed when the API server has listed those that there are.
func (s *Pods) load() {
	if s.opts.File == "" {
		return
	}
	k, err := readKept(s.opts.FS, s.opts.File)
	if err != nil {
		s.opts.Logger.Warn("metadata of the last run are not used; they come anew from the Kubernetes API, but for pods that are gone",
			"file", s.opts.File, "error", err)
		return
	}
	if k.Node != s.opts.Node {
		return
	}
	for _, p := range k.Pods {
		p.gone = time.Now()
		s.pods[p.UID] = p
	}
	for name, n := range k.Namespaces {
		if s.namespaces != nil {
			s.namespaces[name] = n
		}
	}
}

// readKept reads the file; there being none is an empty one.
func readKept(fsys vfs.FS, name string) (k kept, err error) {
	b, err := vfs.ReadFile(fsys, name, maxKept)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return kept{}, err
	}
	if k.Version != keptVersion {
		return kept{}, fmt.Errorf("its version is %d, and this program knows version %d", k.Version, keptVersion)
	}
	return k, k.check()
}

// check finds what would damage documents, or the process.
func (k *kept) check() error {
	all := [][]event.Attr{}
	for _, n := range k.Namespaces {
		if n == nil {
			return errors.New("a namespace in it is empty")
		}
		all = append(all, n.Attributes)
	}
	for _, p := range k.Pods {
		if p == nil {
			return errors.New("a pod in it is empty")
		}
		all = append(all, p.Attributes)
		for i := range p.Containers {
			all = append(all, p.Containers[i].Attributes)
		}
	}
	for _, attrs := range all {
		for _, a := range attrs {
			if !json.Valid([]byte(a.Value)) {
				return fmt.Errorf("the value of %q in it is no JSON", a.Name)
			}
		}
	}
	return nil
}

// save writes the file, if there is one.
func (s *Pods) save() {
	if s.opts.File == "" {
		return
	}
	err := s.opts.FS.MkdirAll(filepath.Dir(s.opts.File), 0o700)
	if err == nil {
		err = vfs.Replace(s.opts.FS, s.opts.File, func(f vfs.File) error {
			_, err := f.WriteAt(s.keep(), 0)
			return err
		})
	}
	if err != nil {
		s.opts.Logger.Warn("metadata of pods were not saved; after a restart they come from the Kubernetes API, but for pods that are gone by then",
			"file", s.opts.File, "error", err)
	}
}

func (s *Pods) keep() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := kept{Version: keptVersion, Node: s.opts.Node, Namespaces: s.namespaces}
	for _, p := range s.pods {
		k.Pods = append(k.Pods, p)
	}
	// Of these types, nothing fails to have a JSON form.
	b, _ := json.Marshal(k)
	return b
}

// sweep forgets pods without files: those that are gone for a while, which
// leaves scans time to find their files, and those that were never known.
func (s *Pods) sweep(now time.Time) {
	read := make(map[string]bool)
	for _, identity := range s.files.Identities() {
		pod, _, _ := podlogs.Split(identity)
		read[pod.UID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, gone := len(s.pods), 0
	for uid, p := range s.pods {
		if !p.Gone {
			continue
		}
		if gone++; !read[uid] && now.Sub(p.gone) >= sweepEvery || gone > maxGone {
			delete(s.pods, uid)
		}
	}
	for uid := range s.waiting {
		if !read[uid] {
			delete(s.waiting, uid)
		}
	}
	if len(s.pods) < before {
		notify(s.ended)
		notify(s.changed)
	}
}
