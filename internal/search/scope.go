package search

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Scope says whose lines are wanted. Its names may be shell patterns; empty
// ones take all.
type Scope struct {
	Namespace, Pod, Container string
	// Labels are what the pod must be labelled with.
	Labels []Label
}

// Label is one requirement of a label selector.
type Label struct {
	Key, Value string
	// Not turns an equality round; Exists asks for the key alone.
	Not, Exists bool
}

// podLabel is the semantic convention's prefix for the labels of a pod.
const podLabel = "k8s.pod.label."

// ParseLabels reads a selector of equalities as kubectl's -l does:
// "app=cart,tier!=web,canary". Sets ("in (…)") are refused.
func ParseLabels(selector string) ([]Label, error) {
	var labels []Label
	for term := range strings.SplitSeq(selector, ",") {
		term = strings.TrimSpace(term)
		if term == "" {
			continue
		}
		if strings.ContainsAny(term, "() ") {
			return nil, fmt.Errorf("label selector %q: only key=value, key!=value and key are understood", term)
		}
		labels = append(labels, parseLabel(term))
	}
	return labels, nil
}

func parseLabel(term string) Label {
	key, value, equal := strings.Cut(term, "=")
	if !equal {
		name, not := strings.CutPrefix(term, "!")
		return Label{Key: name, Exists: true, Not: not}
	}
	key, not := strings.CutSuffix(key, "!")
	return Label{Key: key, Value: strings.TrimPrefix(value, "="), Not: not}
}

// Check says what is wrong with the patterns.
func (s Scope) Check() error {
	for _, p := range []string{s.Namespace, s.Pod, s.Container} {
		if _, err := path.Match(p, ""); errors.Is(err, path.ErrBadPattern) {
			return fmt.Errorf("%q is not a name or a shell pattern: a '[' has no ']'", p)
		}
	}
	return nil
}

// everywhere says that no name narrows the search.
func (s Scope) everywhere() bool { return s.Namespace == "" && s.Pod == "" && s.Container == "" }

// has says whether a document is in the scope.
func (s Scope) has(d *Document) bool {
	if !s.everywhere() && !s.includes(d.origin()) {
		return false
	}
	for _, l := range s.Labels {
		if !l.holds(d.Resource(podLabel + l.Key)) {
			return false
		}
	}
	return true
}

func (l Label) holds(value []byte) bool {
	if l.Exists {
		return (value != nil) != l.Not
	}
	return (value != nil && string(value) == l.Value) != l.Not
}

// origin is the container that wrote a line.
type origin struct{ Namespace, Pod, Container string }

func (d *Document) origin() origin {
	return origin{
		Namespace: string(d.Resource("k8s.namespace.name")),
		Pod:       string(d.Resource("k8s.pod.name")),
		Container: string(d.Resource("k8s.container.name")),
	}
}

func (s Scope) includes(o origin) bool {
	return matches(s.Namespace, o.Namespace) && matchesPod(s.Pod, o.Pod) && matches(s.Container, o.Container)
}

// IncludesContainer says whether the lines of a container are wanted, as far as
// names tell.
func (s Scope) IncludesContainer(namespace, pod, container string) bool {
	return s.includes(origin{namespace, pod, container})
}

// ContainerOf takes the path identity of a container's log apart; ok is false
// for other files.
func ContainerOf(pathIdentity string) (namespace, pod, container string, ok bool) {
	at, ok := parsePathIdentity(pathIdentity)
	return at.Namespace, at.Pod, at.Container, ok
}

// inFrame says whether a frame can hold a document in the scope: whether one
// of the files that it contains is. Frames of other origin than files, and
// files that are no container's, do not tell.
func (s Scope) inFrame(m *frame.Meta) bool {
	if s.everywhere() || len(m.Sources) == 0 {
		return true
	}
	for i := range m.Sources {
		if s.inSource(&m.Sources[i]) {
			return true
		}
	}
	return false
}

func (s Scope) inSource(src *frame.Source) bool {
	at, ok := parsePathIdentity(src.Identity.Path)
	return !ok || s.includes(at.origin)
}

// matches says whether name is what the pattern wants.
func matches(pattern, name string) bool {
	if pattern == "" || pattern == name {
		return true
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

// matchesPod also takes the pods of a workload by its name: "cart" is found
// in cart-7d9f8b6c5-x2x4z, not in cartography-0.
func matchesPod(pattern, pod string) bool {
	return matches(pattern, pod) || strings.HasPrefix(pod, pattern+"-")
}

// instance is one life of a container: its restarts are counted from 0.
type instance struct {
	origin
	UID     string
	Restart string
}

// parsePathIdentity takes the path identity of a container's log apart:
// <namespace>_<pod>_<uid>/<container>/<restart>, of which neither name may
// have an underscore (they are RFC 1123 labels).
func parsePathIdentity(p string) (instance, bool) {
	parts := strings.Split(p, "/")
	if len(parts) != 3 {
		return instance{}, false
	}
	pod := strings.SplitN(parts[0], "_", 3)
	if len(pod) != 3 {
		return instance{}, false
	}
	o := origin{Namespace: pod[0], Pod: pod[1], Container: parts[1]}
	return instance{origin: o, UID: pod[2], Restart: parts[2]}, true
}
