package encode

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// source is what the encoder knows of an open file. The last constants are
// kept apart: consecutive records seldom differ in dataset or stream.
type source struct {
	src *event.Source
	// render makes the constants of the encoder's mapping.
	render func(src *event.Source, dataset string, stream event.Stream) *constants
	last   *constants
	all    []*constants
}

// constants are the pieces that all documents of one source, dataset and
// stream have:
//
//	action    {"create":{"_index":"…","_id":"
//	begin     "}}⏎{"@timestamp":"
//	observed  ","observed_timestamp":"
//	members   ","data_stream":{…},"resource":{…},"scope":{},"attributes":{…
type constants struct {
	dataset string
	stream  event.Stream

	action, begin, observed, members *frame.Chunk

	// names are those of the constant attributes, any says that there are
	// some, seen are the names' bits.
	names []string
	any   bool
	seen  uint64
	// reserved are the names that lines must not use, in mapping ecs.
	reserved map[string]struct{}
}

func (s *source) constants(dataset string, stream event.Stream) *constants {
	if c := s.last; c != nil && c.stream == stream && c.dataset == dataset {
		return c
	}
	for _, c := range s.all {
		if c.stream == stream && c.dataset == dataset {
			s.last = c
			return c
		}
	}
	s.last = s.render(s.src, dataset, stream)
	s.all = append(s.all, s.last)
	return s.last
}

func renderOTel(src *event.Source, dataset string, stream event.Stream) *constants {
	ds := streamOf(src, dataset, otelSuffix)
	attrs := attributesOf(src, stream)
	members := append([]byte(nil), `","data_stream":{"type":"logs","dataset":`...)
	members, _ = appendText(members, ds.dataset)
	members = append(members, `,"namespace":`...)
	members, _ = appendText(members, ds.namespace)
	members = append(members, `},"resource":{"attributes":{`...)
	members = appendAttrs(members, lastOfEach(src.Resource))
	// Elastic's exporter writes scope in every document, empty or not.
	members = append(members, `}},"scope":{},`...)
	if src.EventName != "" {
		members = append(appendAttrs(members, []event.Attr{{Name: "event_name", Value: quote(src.EventName)}}), ',')
	}
	members = append(members, `"attributes":{`...)
	members = appendAttrs(members, attrs)
	c := &constants{
		dataset: dataset, stream: stream,
		action:   frame.NewChunk([]byte(`{"create":{"_index":"` + ds.index() + `","_id":"`)),
		begin:    frame.NewChunk([]byte("\"}}\n" + `{"@timestamp":"`)),
		observed: frame.NewChunk([]byte(`","observed_timestamp":"`)),
		members:  frame.NewChunk(members),
	}
	c.reserve(attrs)
	return c
}

// reserve notes the names that records must not use again.
func (c *constants) reserve(attrs []event.Attr) {
	c.any = len(attrs) > 0
	for _, a := range attrs {
		name, _ := appendEscaped(nil, a.Name)
		c.names = append(c.names, string(name))
		c.seen |= nameBit(name)
	}
}

func attributesOf(src *event.Source, stream event.Stream) []event.Attr {
	var attrs []event.Attr
	if stream != event.StreamNone {
		attrs = append(attrs, event.Attr{Name: "log.iostream", Value: `"` + stream.String() + `"`})
	}
	return lastOfEach(append(attrs, src.Attributes...))
}

// lastOfEach keeps the last attribute of each name, so that a processor can
// override what a receiver set.
func lastOfEach(attrs []event.Attr) []event.Attr {
	kept := make([]event.Attr, 0, len(attrs))
	for i, a := range attrs {
		later := func(b event.Attr) bool { return b.Name == a.Name }
		if !slices.ContainsFunc(attrs[i+1:], later) {
			kept = append(kept, a)
		}
	}
	return kept
}

func appendAttrs(b []byte, attrs []event.Attr) []byte {
	for i, a := range attrs {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = appendText(b, a.Name)
		b = append(b, ':')
		b = append(b, a.Value...)
	}
	return b
}
