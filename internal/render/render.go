// Package render shows a stored document to a person: one line with time,
// level, origin, message, attributes and trace id, and below it, indented, what
// else a message of several lines says and the stack trace of an exception. The
// console exporter and the search commands print through it, so that an event
// looks the same live and found.
package render

import (
	"bytes"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/ecs"
)

// Options say how a line looks.
type Options struct {
	// Color adds ANSI colours; without it the line is plain.
	Color bool
	// UTC shows times in UTC (with a Z) instead of the machine's zone.
	UTC bool
	// Date puts the date before the time of day.
	Date bool
	// Bare leaves out time, origin and trace id, for screens that show them
	// in their own way.
	Bare bool
}

// parsers keeps the scratch memory of finished renderings.
var parsers fastjson.ParserPool

// Doc appends what is shown of one document, in either mapping's common fields,
// without a newline at its end. Lines below the first are indented. Every other
// byte of it is printable: control bytes, bad UTF-8 and characters that reorder
// text are escaped, since log text is written by others. Bytes that are no JSON object are shown escaped as they stand.
func Doc(dst, doc []byte, o Options) []byte {
	p := parsers.Get()
	defer parsers.Put(p)
	v, err := p.ParseBytes(doc)
	if err != nil || v.Type() != fastjson.TypeObject {
		return Escape(dst, bytes.TrimRight(doc, "\r\n"))
	}
	l := line{dst: dst, doc: v, attrs: v.GetObject("attributes"), o: o, ecs: v.Exists(ecs.Mark)}
	if l.ecs {
		l.attrs = v.GetObject()
	}
	l.render()
	return l.dst
}

// line is one rendering in progress.
type line struct {
	dst   []byte
	doc   *fastjson.Value
	attrs *fastjson.Object
	o     Options
	// said is the message that is shown, and rest its lines below the first.
	said, rest []byte
	// access says that the message was made of the request's attributes.
	access bool
	// ecs says that the document has mapping ecs: its fields stand side by side.
	ecs bool
}

func (l *line) render() {
	if !l.o.Bare {
		l.paint(dim, l.time())
		l.dst = append(l.dst, ' ')
	}
	name, color := level(l.doc)
	l.paint(color, name)
	if !l.o.Bare {
		l.dst = append(l.dst, ' ')
		l.origin()
	}
	l.message()
	l.attributes()
	if !l.o.Bare {
		l.trace()
	}
	l.below(l.rest)
	l.below(l.stack())
}

// get is the text of an attribute of the record.
func (l *line) get(name string) []byte {
	if l.attrs == nil {
		return nil
	}
	return Text(l.attrs.Get(name))
}

// resource is the text of an attribute of the resource.
func (l *line) resource(name string) []byte {
	if l.ecs {
		return l.get(ecs.Resource(name))
	}
	return Text(l.doc.Get("resource", "attributes", name))
}

// origin says who wrote the line: the pod, with the container or service when
// the pod's name does not begin with it; else the service; else the file.
func (l *line) origin() {
	who := l.resource("k8s.pod.name")
	part := l.resource("service.name")
	if len(part) == 0 {
		part = l.resource("k8s.container.name")
	}
	switch {
	case len(who) == 0 && len(part) > 0:
		who, part = part, nil
	case len(who) == 0:
		path := l.get("log.file.path")
		who = path[bytes.LastIndexByte(path, '/')+1:]
	}
	if len(who) == 0 {
		who = []byte("-")
	}
	if len(part) > 0 && !bytes.HasPrefix(who, part) {
		who = append(append(bytes.Clone(who), '/'), part...)
	}
	l.open(cyan)
	l.dst = Escape(l.dst, who)
	l.close(cyan)
}

// trace closes the line with the whole trace id, to be copied, unless the
// message shows it.
func (l *line) trace() {
	id := Text(l.doc.Get("trace_id"))
	if len(id) == 0 {
		id = Text(l.doc.Get("trace.id"))
	}
	if len(id) == 0 || bytes.Contains(l.said, id) {
		return
	}
	l.dst = append(l.dst, ' ')
	l.open(dim)
	l.dst = append(l.dst, "trace_id="...)
	l.dst = Escape(l.dst, id)
	l.close(dim)
}
