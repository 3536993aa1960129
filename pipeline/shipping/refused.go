package shipping

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Letters is a durable place for documents, such as the dead-letter store.
type Letters interface {
	// Put returns when the documents are durable. It keeps none of their bytes.
	Put(ctx context.Context, docs []journal.Refused) error
}

// Lot is a durable place for documents that are tried again, such as the
// store of parked documents.
type Lot interface {
	Letters
	// Bundles are those of an exporter, oldest first.
	Bundles(exporter string) []journal.Bundle
	Documents(b journal.Bundle) ([]journal.Refused, error)
	// Settle leaves rest in the bundle; r is what became of the others.
	Settle(b journal.Bundle, rest []journal.Refused, r journal.Result) error
}

// refused makes entries of losses of one flight; their bytes are parts of
// s.plain.
func (s *Shipper) refused(f *flight, losses []loss) ([]journal.Refused, error) {
	plain, err := frame.Inflate(s.plain[:0], f.payload, &f.source.Meta)
	if err != nil {
		return nil, err
	}
	s.plain = plain
	why := make(map[int]ItemError, len(losses))
	for _, l := range losses {
		why[l.doc] = l.why
	}
	entries := make([]journal.Refused, 0, len(losses))
	for i, doc := range frame.Documents(plain) {
		if e, ok := why[i]; ok {
			entries = append(entries, s.entry(f, i, doc, e))
		}
	}
	return entries, nil
}

func (s *Shipper) entry(f *flight, i int, doc frame.Doc, e ItemError) journal.Refused {
	m := &f.source.Meta
	return journal.Refused{
		Time: time.Now(), Exporter: s.o.Name,
		Namespace: attribute(doc.Source, "k8s.namespace.name"), Container: containerOf(doc), Index: streamOf(doc),
		Status: e.Status, Type: e.Type, Reason: e.Reason, Lines: uint32(f.lines(i)),
		Frame: m.Seq, MaybeSeen: m.MaybeSeen, JournalTime: m.JournalTime,
		Action: doc.Action, Document: doc.Source,
	}
}

// attribute is a text of a document's resource.
func attribute(source []byte, name string) string {
	return fastjson.GetString(source, "resource", "attributes", name)
}

// containerOf is "namespace/pod/container", or the file's path of a document
// that is from no container.
func containerOf(doc frame.Doc) string {
	pod := attribute(doc.Source, "k8s.pod.name")
	if pod == "" {
		return fastjson.GetString(doc.Source, "attributes", "log.file.path")
	}
	return strings.Join([]string{
		attribute(doc.Source, "k8s.namespace.name"), pod, attribute(doc.Source, "k8s.container.name")}, "/")
}

// streamOf is the data stream or index that a document goes to.
func streamOf(doc frame.Doc) string {
	v, err := fastjson.ParseBytes(doc.Action)
	if err != nil {
		return ""
	}
	var index []byte
	v.GetObject().Visit(func(_ []byte, op *fastjson.Value) {
		index = bytes.Clone(op.GetStringBytes("_index"))
	})
	return string(index)
}
