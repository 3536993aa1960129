// Package encode turns events into the documents that Elasticsearch stores,
// in the structure of its OpenTelemetry mode or by the Elastic Common Schema,
// and writes them to the open frame as lines of a _bulk body. What is constant
// for a source is rendered once. docs/documents.md shows the documents.
package encode

import (
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Options configure an Encoder.
type Options struct {
	// Node is the name of the node that the agent runs on. A Source whose ID
	// is not set yet gets it from its identity on this node.
	Node string
	// Mapping is the form of the documents; OTel when it is empty.
	Mapping Mapping
}

// Encoder writes the documents of one lane; it is not safe for concurrent use.
type Encoder struct {
	node    string
	ecs     bool
	sources map[*event.Source]*source

	// buf gathers the variable pieces of a document, text its end; id, hex and
	// the times are pieces of their own.
	buf      []byte
	text     []byte
	id       [idSize]byte
	hex      [32]byte
	time     clock
	observed clock
	// lastTrace is the trace id that the frame's filter was told last.
	lastTrace [16]byte
	names     names
	// left is how many more names a document of mapping ecs may have.
	left int
}

// New is an encoder without sources.
func New(o Options) *Encoder {
	return &Encoder{node: o.Node, ecs: o.Mapping == ECS, sources: make(map[*event.Source]*source)}
}

// Open prepares for batches of src, which must not change until Close. The
// constant bytes are rendered when the first document needs them, so that
// idle files cost nothing.
func (e *Encoder) Open(src *event.Source) {
	if src.ID == (event.SourceID{}) {
		src.ID = src.Identity.IDOn(e.node)
	}
	render := renderOTel
	if e.ecs {
		render = renderECS
	}
	e.sources[src] = &source{src: src, render: render}
}

// Close forgets src.
func (e *Encoder) Close(src *event.Source) { delete(e.sources, src) }

// Encode writes every record of b that was not dropped as a document to f,
// and counts documents and lines in b.Source. A source that was not opened is
// opened.
func (e *Encoder) Encode(b *event.Batch, f *frame.Builder) {
	s := e.sources[b.Source]
	if s == nil {
		e.Open(b.Source)
		s = e.sources[b.Source]
	}
	e.lastTrace = [16]byte{}
	for i := range b.Records {
		r := &b.Records[i]
		if r.Flags&event.Dropped != 0 {
			b.Source.Counts.DroppedLines += uint64(r.Lines)
			continue
		}
		e.document(b, r, s, f)
		b.Source.Counts.Docs++
		b.Source.Counts.DocLines += uint64(r.Lines)
	}
	e.shrink()
}

// maxBuf is what is kept of the buffers when a huge record has grown them.
const maxBuf = 256 << 10

func (e *Encoder) shrink() {
	if cap(e.buf) > maxBuf || cap(e.text) > maxBuf {
		e.buf, e.text = nil, nil
	}
}

// terms tells the frame's filter by which ids the document may be searched.
func (e *Encoder) terms(b *event.Batch, r *event.Record, f *frame.Builder) {
	if r.TraceID != ([16]byte{}) && r.TraceID != e.lastTrace {
		e.lastTrace = r.TraceID
		f.AddTerm(frame.TermHash(r.TraceID[:]))
	}
	if r.RequestID.Len > 0 {
		f.AddTerm(frame.TermHash(b.Bytes(r.RequestID)))
	}
}
