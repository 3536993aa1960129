package encode

import (
	"strings"

	"github.com/tailrace/tailrace/pipeline/ecs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// ecsOwn are the fields that the agent writes in documents of any source.
var ecsOwn = [...]string{
	"@timestamp", "event.created", "event.dataset", "event.severity", "data_stream", "data_stream.type",
	"data_stream.dataset", "data_stream.namespace", "ecs", ecs.Mark, "log.level", "trace.id", "span.id", "message",
	"stream",
}

// renderECS renders the constant pieces of a source's documents:
//
//	begin     "}}⏎{"@timestamp":"
//	observed  ","event.created":"
//	members   ","data_stream.type":"logs",…,"ecs.version":"…"
func renderECS(src *event.Source, dataset string, stream event.Stream) *constants {
	ds := streamOf(src, dataset, "")
	members := append([]byte(nil), `","data_stream.type":"logs",`...)
	attrs := append([]event.Attr{
		{Name: "data_stream.dataset", Value: quote(ds.dataset)},
		{Name: "data_stream.namespace", Value: quote(ds.namespace)},
		{Name: "event.dataset", Value: quote(ds.dataset)},
	}, ecsConstants(src, stream)...)
	if src.EventName != "" {
		attrs = append(attrs, event.Attr{Name: "event.action", Value: quote(src.EventName)})
	}
	attrs = append(attrs, event.Attr{Name: ecs.Mark, Value: quote(ecs.Version)})
	c := &constants{
		dataset: dataset, stream: stream, any: true,
		action:   frame.NewChunk([]byte(`{"create":{"_index":"` + ds.index() + `","_id":"`)),
		begin:    frame.NewChunk([]byte("\"}}\n" + `{"@timestamp":"`)),
		observed: frame.NewChunk([]byte(`","event.created":"`)),
		members:  frame.NewChunk(appendAttrs(members, attrs)),
		reserved: make(map[string]struct{}),
	}
	c.reserveECS(attrs)
	return c
}

func quote(s string) string {
	b, _ := appendText(nil, s)
	return string(b)
}

// ecsConstants are the attributes of the resource and of every record of the
// source, by their names in the schema.
func ecsConstants(src *event.Source, stream event.Stream) []event.Attr {
	var attrs []event.Attr
	for _, a := range src.Resource {
		attrs = append(attrs, event.Attr{Name: ecs.Resource(a.Name), Value: a.Value})
	}
	for _, a := range attributesOf(src, stream) {
		attrs = append(attrs, event.Attr{Name: ecs.AttributeOf(a.Name).Name, Value: a.Value})
	}
	return lastOfEach(attrs)
}

// reserveECS notes the names that a line must not use: those of the agent's
// fields, and of the objects in which it says where a line comes from, which an
// application could otherwise add to.
func (c *constants) reserveECS(attrs []event.Attr) {
	reserve := func(name string) {
		escaped, _ := appendEscaped(nil, name)
		c.reserved[string(escaped)] = struct{}{}
	}
	for _, name := range ecsOwn {
		reserve(name)
	}
	for _, a := range attrs {
		reserve(a.Name)
		if set, _, dotted := strings.Cut(a.Name, "."); dotted && set != "event" && set != "log" {
			reserve(set)
		}
	}
}

// reserves says whether a line must not use the name.
func (c *constants) reserves(name []byte) bool {
	_, ok := c.reserved[string(name)]
	return ok
}
