package kubernetes

import "github.com/tailrace/tailrace/pipeline/event"

// Labels are keys of labels that are kept beside those that are extracted.
type Labels struct{ OfPods, OfNamespaces []string }

// keepLabels are those of an object with one of some keys, nil if it has none.
func keepLabels(keys []string, of map[string]string) (kept map[string]string) {
	for _, key := range keys {
		value, ok := of[key]
		if !ok {
			continue
		}
		if kept == nil {
			kept = make(map[string]string)
		}
		kept[key] = value
	}
	return kept
}

// Labels are those of a source's pod and of its namespace that Options asked to
// keep. They are not to be changed.
func (s *Pods) Labels(src *event.Source) (ofPod, ofNamespace map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pods[src.PodUID]; p != nil {
		ofPod = p.Labels
	}
	if n := s.namespaces[src.Namespace]; n != nil {
		ofNamespace = n.Labels
	}
	return ofPod, ofNamespace
}
