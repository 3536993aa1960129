package kubernetes

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Processor adds attributes when a source is opened; lines pass untouched. One
// instance serves one lane.
type Processor struct{ pods *Pods }

// Processor is a lane's share.
func (s *Pods) Processor() *Processor { return &Processor{s} }

// Open adds what is known of the source's pod. An attribute that is there stays,
// unless it is only what the log's path says.
func (p *Processor) Open(src *event.Source) {
	found := p.pods.attributes(src)
	if len(found) == 0 {
		return
	}
	merged := slices.Clone(src.Resource)
	for _, a := range found {
		i := slices.IndexFunc(merged, func(old event.Attr) bool { return old.Name == a.Name })
		switch {
		case i < 0:
			merged = append(merged, a)
		case merged[i].Value == ofPath(a.Name, src):
			merged[i] = a
		}
	}
	src.Resource = merged
}

// ofPath is the value that an attribute has when only the log's path is known.
func ofPath(name string, src *event.Source) string {
	switch name {
	case serviceName:
		return quote(src.ContainerName)
	case serviceNamespace:
		return quote(src.Namespace)
	case serviceInstanceID:
		return quote(src.Namespace + "." + src.Pod + "." + src.ContainerName)
	}
	return ""
}

// Process has nothing to do.
func (p *Processor) Process(*event.Batch) {}

// Close has nothing to do.
func (p *Processor) Close(*event.Source) {}
