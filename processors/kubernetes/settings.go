package kubernetes

import (
	"maps"
	"slices"
	"time"

	"github.com/tailrace/tailrace/internal/podlogs"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Settings are what the annotations of a source's pod and namespace say of how
// it is read and written. Files.Refresh follows when they change.
func (s *Pods) Settings(src *event.Source) event.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pods[src.PodUID]
	if p == nil {
		return event.Settings{}
	}
	w := s.wish(p, src.ContainerName)
	return w.settings()
}

// Excluded is the annotation for which the files of a path identity are not
// read, "" when they are, and until when one was there last, ns since the Unix
// epoch.
func (s *Pods) Excluded(identity string) (rule string, until int64) {
	of, container, _ := podlogs.Split(identity)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pods[of.UID]
	if p == nil {
		return "", 0
	}
	return s.excluded(p, container), p.Lifted[container]
}

func (s *Pods) excluded(p *pod, container string) string {
	w := s.wish(p, container)
	if by := w.excluded(); by != "" {
		return "annotation " + by
	}
	return ""
}

// wish is what is wanted of a container: of its namespace's annotations and its
// pod's, the latter win.
func (s *Pods) wish(p *pod, container string) (w wish) {
	if n := s.namespaces[p.Namespace]; n != nil {
		n.Wishes.apply(&w, container)
	}
	p.Wishes.apply(&w, container)
	return w
}

// exclusions are the containers of a pod that are not read.
func (s *Pods) exclusions(p *pod) map[string]bool {
	if p == nil {
		return nil
	}
	out := make(map[string]bool)
	for i := range p.Containers {
		if name := p.Containers[i].Name; s.excluded(p, name) != "" {
			out[name] = true
		}
	}
	return out
}

// lift notes which containers of a pod are read from now on that were not
// before, and says whether any began or ended to be excluded. What they wrote
// meanwhile is not read later either.
func (s *Pods) lift(p *pod, before map[string]bool, now time.Time) (changed bool) {
	after := s.exclusions(p)
	for name := range before {
		if !after[name] {
			p.Lifted = maps.Clone(p.Lifted)
			if p.Lifted == nil {
				p.Lifted = make(map[string]int64)
			}
			p.Lifted[name] = now.UnixNano()
		}
	}
	return !maps.Equal(before, after)
}

// Problems are the annotations that are not followed, of the pods that the API
// server has and of their namespaces, by their names.
func (s *Pods) Problems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Problem
	for name, n := range s.namespaces {
		all = append(all, named(n.Problems, name, "")...)
	}
	for _, p := range s.pods {
		if !p.Gone {
			all = append(all, named(p.Problems, p.Namespace, p.Name)...)
		}
	}
	slices.SortFunc(all, func(a, b Problem) int {
		return slices.Compare([]string{a.Namespace, a.Pod, a.Key}, []string{b.Namespace, b.Pod, b.Key})
	})
	return all
}

func named(problems []Problem, namespace, pod string) []Problem {
	out := slices.Clone(problems)
	for i := range out {
		out[i].Namespace, out[i].Pod = namespace, pod
	}
	return out
}

// say logs the problems that are new.
func (s *Pods) say(now, before []Problem) {
	for _, p := range now {
		if !slices.Contains(before, p) {
			s.opts.Logger.Warn("an annotation of a pod or namespace is not followed",
				"namespace", p.Namespace, "pod", p.Pod, "annotation", p.Key, "reason", p.Why)
		}
	}
}
