// Package pods finds the logs of this node's containers, where the kubelet
// keeps them, and says whose they are.
package pods

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/podlogs"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
	"github.com/tailrace/tailrace/pipeline/event"
)

// maxPods bounds what is listed of the root, maxEntries what is of a directory
// below it, so that a container that fills its own costs no more than that.
const (
	maxPods    = 200_000
	maxEntries = 20_000
)

// Options are what the receiver is told beside its configuration.
type Options struct {
	// Node is the node's name in Kubernetes, empty when it is not known.
	Node string
	// OwnNamespace and OwnPod name the pod that the agent runs in: it does
	// not read what it writes itself.
	OwnNamespace, OwnPod string
	// Now is when the agent started.
	Now time.Time
}

// FromEnvironment reads the variables that the pod's manifest sets from its
// own metadata (the downward API).
func FromEnvironment(now time.Time) Options {
	return Options{
		Node: os.Getenv("NODE_NAME"), Now: now,
		OwnNamespace: os.Getenv("POD_NAMESPACE"), OwnPod: os.Getenv("POD_NAME"),
	}
}

// Receiver is a tail.Provider.
type Receiver struct {
	cfg     Config
	opts    Options
	start   tail.Start
	exclude []string
	root    *confine.Root
	// watched are the directories that were looked into, links those that
	// links led to, each with the directory that has the link.
	watched tail.Dirs
	links   map[string]string
	// linkRoots are the allowed roots that links led into.
	linkRoots map[string]*confine.Root
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
	r := &Receiver{
		cfg: cfg, opts: opts, start: start, exclude: cfg.Exclude,
		links: make(map[string]string), linkRoots: make(map[string]*confine.Root),
	}
	r.cfg.Root = path.Clean(cfg.Root)
	if opts.OwnNamespace != "" && opts.OwnPod != "" {
		r.exclude = append(slices.Clone(cfg.Exclude), opts.OwnNamespace+"/"+opts.OwnPod)
	}
	return r, nil
}

// Watch lists the directories that were looked into last.
func (r *Receiver) Watch() []string {
	return slices.AppendSeq(r.watched.All(), maps.Keys(r.links))
}

// Scan yields every log file at or below a directory. The root may not be
// there yet: the kubelet makes it with the first pod.
func (r *Receiver) Scan(ctx context.Context, under string, yield func(tail.Target)) error {
	if under == "" {
		under = r.cfg.Root
	}
	if dir := r.links[under]; dir != "" {
		under = dir
	}
	below, ok := strings.CutPrefix(under, r.cfg.Root)
	if !ok || below != "" && below[0] != '/' {
		return nil
	}
	r.unwatch(under)
	if err := r.openRoot(); err != nil {
		return ignoreMissing(err)
	}
	s := &scan{Receiver: r, ctx: ctx, yield: yield}
	parts := strings.Split(strings.TrimPrefix(below, "/"), "/")
	switch {
	case below == "":
		s.rootDir()
	case len(parts) == 1:
		s.podDir(parts[0])
	case len(parts) == 2:
		s.containerOf(parts[0], parts[1])
	}
	return errors.Join(s.errs...)
}

func (r *Receiver) openRoot() (err error) {
	if r.root == nil {
		r.root, err = confine.OpenRoot(r.cfg.Root)
	}
	return err
}

// Close closes the directories that files were looked for in.
func (r *Receiver) Close() (err error) {
	if r.root != nil {
		err = r.root.Close()
		r.root = nil
	}
	for dir, root := range r.linkRoots {
		err = errors.Join(err, root.Close())
		delete(r.linkRoots, dir)
	}
	return err
}

func (r *Receiver) unwatch(under string) {
	r.watched.Look(under)
	maps.DeleteFunc(r.links, func(_, dir string) bool { return dir == under || strings.HasPrefix(dir, under+"/") })
}

// ignoreMissing is nil for what is not there: it comes and goes.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Excludes names the rule for which the logs of a container are not read, empty
// when they are. It may be called from any goroutine.
func (r *Receiver) Excludes(namespace, pod, container string) string {
	return r.excludedBy([3]string{namespace, pod, container})
}

// Start is where reading begins.
func (r *Receiver) Start() tail.Start { return r.start }

// Describe says whose log a file is.
func (r *Receiver) Describe(t *tail.Target) event.Source {
	p, container, restart := podlogs.Split(t.PathIdentity)
	n, _ := strconv.Atoi(restart)
	src := event.Source{
		Container: strings.TrimSuffix(t.PathIdentity, "/"+restart),
		Namespace: p.Namespace, Pod: p.Name, PodUID: p.UID, ContainerName: container, Restart: n,
		Settings: event.Settings{Multiline: r.cfg.Multiline},
	}
	src.Resource = []event.Attr{
		tail.StringAttr("service.name", container),
		tail.StringAttr("service.namespace", p.Namespace),
		tail.StringAttr("service.instance.id", p.Namespace+"."+p.Name+"."+container),
		tail.StringAttr("k8s.namespace.name", p.Namespace),
		tail.StringAttr("k8s.pod.name", p.Name),
		tail.StringAttr("k8s.pod.uid", p.UID),
		tail.StringAttr("k8s.container.name", container),
		{Name: "k8s.container.restart_count", Value: strconv.Itoa(n)},
	}
	if r.opts.Node != "" {
		src.Resource = append(src.Resource, tail.StringAttr("k8s.node.name", r.opts.Node))
	}
	return src
}
