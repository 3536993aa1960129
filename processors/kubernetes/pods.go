package kubernetes

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Options are what Pods need beside the configuration.
type Options struct {
	// Node is the node's name in Kubernetes.
	Node string
	// FS and File are where what is known outlives the process; an empty File
	// is nowhere.
	FS   vfs.FS
	File string
	// UserAgent names the agent to the API server.
	UserAgent string
	// Check is an error for settings by which a source cannot be read or
	// written; nil accepts all. It is asked whenever another one is added.
	Check func(event.Settings) error
	// Labels are kept for Pods.Labels.
	Labels Labels
	Logger *slog.Logger
}

// Files are the logs that are read.
type Files interface {
	// Refresh has the sources of a pod described anew before their next lines.
	Refresh(podUID string)
	// Rescan has files looked for whose exclusion has begun or ended.
	Rescan()
	// Identities are the path identities of the files that are there,
	// "<namespace>_<pod>_<uid>/<container>/<restart>" for a container's.
	Identities() []string
}

// Pods is what is known of a node's pods. Its methods may be called from any
// goroutine.
type Pods struct {
	opts     Options
	wait     time.Duration
	describe *describer
	client   *client
	files    Files
	trouble  trouble
	// changed asks for the file to be written, found for namespaces to be
	// fetched; ended says that a container's life has.
	changed, found, ended chan struct{}

	mu   sync.Mutex
	pods map[string]*pod
	// waiting is what files are read, or not yet, without; by the pod's uid.
	waiting map[string]*absent
	// namespaces are nil unless something is taken from them.
	namespaces map[string]*namespace
	figures    Figures
}

// absent is a pod that is not known although it has files.
type absent struct {
	since time.Time
	// past says that it was waited for long enough.
	past bool
}

// Figures are counts for metrics; those that rise begin with the process.
type Figures struct {
	// Pods are known to the API server, Gone are kept until their files are
	// read, Unknown have files and are not known.
	Pods, Gone, Unknown int
	// Missed are pods that were waited for in vain, Waited is for how long
	// reading waited in all.
	Missed uint64
	Waited time.Duration
	// BadAnnotations are those that are not followed.
	BadAnnotations int
	// Failures are requests to the API server without success.
	Failures uint64
	// Watching says that what is known follows the API server.
	Watching bool
}

// New prepares what is known: what an earlier process has left. Run keeps it
// up to date.
func New(c Config, o Options) (*Pods, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := newClient(&c, o.UserAgent)
	if err != nil {
		return nil, err
	}
	s := &Pods{
		opts: o, wait: c.Wait, describe: newDescriber(&c, &o), client: client, trouble: trouble{log: o.Logger},
		changed: make(chan struct{}, 1), found: make(chan struct{}, 1), ended: make(chan struct{}, 1),
		pods: make(map[string]*pod), waiting: make(map[string]*absent),
	}
	if s.describe.wantsNamespaces() {
		s.namespaces = make(map[string]*namespace)
	}
	s.load()
	return s, nil
}

// Run watches until ctx ends. files are told of what changes.
func (s *Pods) Run(ctx context.Context, files Files) {
	s.files = files
	var parts sync.WaitGroup
	parts.Go(func() { s.watch(ctx) })
	parts.Go(func() { s.tend(ctx) })
	if s.namespaces != nil {
		parts.Go(func() { s.fetchNamespaces(ctx) })
	}
	parts.Wait()
}

// Ready says whether the files of a source may be read: everything is known of
// its pod, or was waited for long enough, or it has none.
func (s *Pods) Ready(src *event.Source) bool {
	if src.PodUID == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, a := time.Now(), s.waiting[src.PodUID]
	if s.isKnown(src) {
		s.arrived(src.PodUID, now)
		return true
	}
	if a == nil {
		a = &absent{since: now}
		s.waiting[src.PodUID] = a
	}
	if !a.past && now.Sub(a.since) >= s.wait {
		a.past = true
		s.figures.Missed++
		s.figures.Waited += s.wait
	}
	return a.past
}

func (s *Pods) isKnown(src *event.Source) bool {
	if s.pods[src.PodUID] == nil {
		return false
	}
	_, fetched := s.namespaces[src.Namespace]
	return fetched || s.namespaces == nil
}

// arrived ends the waiting for a pod.
func (s *Pods) arrived(uid string, now time.Time) {
	if a := s.waiting[uid]; a != nil && !a.past {
		s.figures.Waited += now.Sub(a.since)
	}
	delete(s.waiting, uid)
}

// attributes are what is known of a source's pod.
func (s *Pods) attributes(src *event.Source) []event.Attr {
	s.mu.Lock()
	defer s.mu.Unlock()
	var attrs []event.Attr
	if p := s.pods[src.PodUID]; p != nil {
		attrs = p.attributes(src.ContainerName, src.Restart)
	}
	if n := s.namespaces[src.Namespace]; n != nil {
		attrs = append(attrs, n.Attributes...)
	}
	return attrs
}

// Figures are the counts as they are now.
func (s *Pods) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.figures
	for _, p := range s.pods {
		if p.Gone {
			f.Gone++
		} else {
			f.Pods++
			f.BadAnnotations += len(p.Problems)
		}
	}
	for _, n := range s.namespaces {
		f.BadAnnotations += len(n.Problems)
	}
	f.Unknown = len(s.waiting)
	f.Failures, f.Watching = s.trouble.figures()
	return f
}

// set takes what the API server says of a pod.
func (s *Pods) set(p *pod) {
	s.mu.Lock()
	old := s.pods[p.UID]
	if p.keepEnds(old) {
		notify(s.ended)
		notify(s.changed)
	}
	s.pods[p.UID] = p
	excluded, before := false, []Problem(nil)
	if old != nil {
		p.Lifted, before = old.Lifted, named(old.Problems, old.Namespace, old.Name)
		excluded = s.lift(p, s.exclusions(old), time.Now())
	}
	_, fetched := s.namespaces[p.Namespace]
	s.mu.Unlock()
	s.say(named(p.Problems, p.Namespace, p.Name), before)
	if s.namespaces != nil && !fetched {
		notify(s.found)
	}
	if old == nil || old.Gone || !old.equals(p) {
		notify(s.changed)
		s.files.Refresh(p.UID)
	}
	if excluded {
		s.files.Rescan()
	}
}

// gone notes that the API server has a pod no more. What is known of it stays
// until its files are read.
func (s *Pods) gone(uid string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pods[uid]; p != nil && !p.Gone {
		p.Gone, p.gone = true, now
		notify(s.changed)
	}
}

// notify wakes the one that waits for a channel, or that will.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
