package pipeline

import (
	"cmp"
	"path"
	"strings"

	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/kubernetes"
)

// routes choose the frame class of sources.
type routes struct {
	all []config.Route
	// metadata is nil without a processor kubernetes.
	metadata *kubernetes.Pods
}

// class is that of the first route that matches, "" when none does.
func (r *routes) class(src *event.Source) string {
	for i := range r.all {
		if r.matches(&r.all[i], src) {
			return r.all[i].Class
		}
	}
	return ""
}

func (r *routes) matches(route *config.Route, src *event.Source) bool {
	for field, pattern := range route.Match {
		value, ok := r.value(field, src)
		// Validation has refused malformed patterns.
		if matched, err := path.Match(pattern, value); !ok || !matched || err != nil {
			return false
		}
	}
	return true
}

// value is what a source has of a field; nothing is not empty text.
func (r *routes) value(field string, src *event.Source) (value string, ok bool) {
	switch field {
	case config.RouteNamespace:
		value = src.Namespace
	case config.RoutePod:
		value = src.Pod
	case config.RouteContainer:
		value = src.ContainerName
	case config.RouteDataset:
		value = cmp.Or(src.Dataset, "generic")
	case config.RouteDataStream:
		value = cmp.Or(src.DataStreamNamespace, "default")
	case config.RouteFile:
		if src.PodUID == "" {
			value = src.Container
		}
	default:
		return r.label(field, src)
	}
	return value, value != ""
}

func (r *routes) label(field string, src *event.Source) (value string, ok bool) {
	if r.metadata == nil {
		return "", false
	}
	ofPod, ofNamespace := r.metadata.Labels(src)
	if key, isPod := strings.CutPrefix(field, config.RoutePodLabel); isPod {
		value, ok = ofPod[key]
		return value, ok
	}
	value, ok = ofNamespace[strings.TrimPrefix(field, config.RouteNamespaceLabel)]
	return value, ok
}

// routedLabels are the keys of the labels that routes match.
func routedLabels(all []config.Route) (l kubernetes.Labels) {
	for i := range all {
		for field := range all[i].Match {
			if key, ok := strings.CutPrefix(field, config.RoutePodLabel); ok {
				l.OfPods = append(l.OfPods, key)
			} else if key, ok := strings.CutPrefix(field, config.RouteNamespaceLabel); ok {
				l.OfNamespaces = append(l.OfNamespaces, key)
			}
		}
	}
	return l
}
