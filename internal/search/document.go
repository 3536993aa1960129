package search

import (
	"bytes"
	"iter"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/pipeline/ecs"
)

// Document is a stored document being looked at. Its memory is used again for
// the next one: nothing that it returns outlives the next Read.
type Document struct {
	// Source is the document as it stands in the journal.
	Source []byte

	parser     fastjson.Parser
	root       *fastjson.Value
	attributes *fastjson.Object
	resource   *fastjson.Object
	text       []byte
	// ecs says that it is a document of mapping ecs, whose fields stand side by
	// side.
	ecs bool
}

// Read takes the next document. The error says why it is no JSON object.
func (d *Document) Read(source []byte) error {
	d.Source, d.root, d.attributes, d.resource = source, nil, nil, nil
	root, err := d.parser.ParseBytes(source)
	if err != nil {
		return err
	}
	if _, err := root.Object(); err != nil {
		return err
	}
	d.root = root
	d.ecs = root.Exists(ecs.Mark)
	if d.ecs {
		d.attributes, d.resource = root.GetObject(), root.GetObject()
		return nil
	}
	d.attributes = root.GetObject("attributes")
	d.resource = root.GetObject("resource", "attributes")
	return nil
}

// Time is the event's time in nanoseconds since the Unix epoch, 0 when the
// document has none.
func (d *Document) Time() int64 {
	ns, _ := render.Timestamp(render.Text(d.root.Get("@timestamp")))
	return ns
}

// Severity is the OpenTelemetry severity number, 0 when it is not known.
func (d *Document) Severity() int { return d.root.GetInt(d.name("severity_number", "event.severity")) }

// name is what a field is called in the document's mapping.
func (d *Document) name(otel, ecs string) string {
	if d.ecs {
		return ecs
	}
	return otel
}

// TraceID is the trace id as it stands, nil when there is none.
func (d *Document) TraceID() []byte { return render.Text(d.root.Get(d.name("trace_id", "trace.id"))) }

// Body is the message: its text, or the JSON of a structured one.
func (d *Document) Body() []byte {
	if d.ecs {
		return render.Text(d.root.Get("message"))
	}
	body := d.root.Get("body")
	for _, form := range []string{"text", "structured"} {
		if b := render.Text(body.Get(form)); b != nil {
			return b
		}
	}
	return render.Text(body)
}

// Attribute is the text of an attribute of the record, nil when absent.
func (d *Document) Attribute(name string) []byte {
	if d.ecs {
		name = ecs.AttributeOf(name).Name
	}
	return objectText(d.attributes, name)
}

// Resource is the text of an attribute of the resource, nil when absent.
func (d *Document) Resource(name string) []byte {
	if d.ecs {
		name = ecs.Resource(name)
	}
	return objectText(d.resource, name)
}

// Service is who wrote the line, in the words of the trace: its service, else
// its container, else the file.
func (d *Document) Service() []byte {
	for _, name := range []string{"service.name", "k8s.container.name"} {
		if s := d.Resource(name); len(s) > 0 {
			return s
		}
	}
	path := d.Attribute("log.file.path")
	return path[bytes.LastIndexByte(path, '/')+1:]
}

// places are attributes that say where a line came from, the same for every
// line of a file: no pattern is looked for in them.
var places = []string{"log.file.path", "log.file.name", "log.iostream", "stream"}

// Texts are what a pattern is tried on: the body, the level's own spelling,
// every attribute as name=value, trace_id=… and span_id=…. Each is valid only
// until the next.
func (d *Document) Texts() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, text := range [][]byte{d.Body(), render.Text(d.root.Get(d.name("severity_text", "log.level")))} {
			if len(text) > 0 && !yield(text) {
				return
			}
		}
		for _, id := range []string{"trace_id", "span_id"} {
			if v := d.root.Get(id); v != nil && !yield(d.member([]byte(id), v)) {
				return
			}
		}
		d.eachAttribute(func(name []byte, v *fastjson.Value) bool {
			return slices.Contains(places, string(name)) || yield(d.member(name, v))
		})
	}
}

// eachAttribute calls fn until it returns false.
func (d *Document) eachAttribute(fn func(name []byte, v *fastjson.Value) bool) {
	if d.attributes == nil {
		return
	}
	more, constant := true, d.ecs
	d.attributes.Visit(func(name []byte, v *fastjson.Value) {
		if constant || d.ecs && string(name) == "message" {
			constant = constant && string(name) != ecs.Mark
			return
		}
		more = more && fn(name, v)
	})
}

// member is name=value in memory that is used again.
func (d *Document) member(name []byte, v *fastjson.Value) []byte {
	d.text = append(append(d.text[:0], name...), '=')
	if v.Type() == fastjson.TypeString {
		d.text = append(d.text, v.GetStringBytes()...)
	} else {
		d.text = v.MarshalTo(d.text)
	}
	return d.text
}

// Mentions says whether id is the value of an attribute, or an element of
// one: that is how request ids stand in documents.
func (d *Document) Mentions(id []byte) bool {
	found := false
	d.eachAttribute(func(_ []byte, v *fastjson.Value) bool {
		found = bytes.Equal(v.GetStringBytes(), id) && v.Type() == fastjson.TypeString
		for _, e := range v.GetArray() {
			found = found || bytes.Equal(e.GetStringBytes(), id)
		}
		return !found
	})
	return found
}

func objectText(o *fastjson.Object, name string) []byte {
	if o == nil {
		return nil
	}
	return render.Text(o.Get(name))
}
