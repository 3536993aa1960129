package shipping

import (
	"bytes"
	"context"
	"time"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Letter is a document that leaves its frame, with the reason.
type Letter struct {
	Time     time.Time
	Exporter string
	// Namespace and Container say whose it is, Lines of how many lines it was
	// made.
	Namespace, Container string
	Lines                uint32
	// Status, Index, Type and Reason are the backend's answer.
	Status              int
	Index, Type, Reason string
	// Action and Source are the document's two lines, without newlines. They
	// are valid only during the call.
	Action, Source []byte
}

// Letters is a durable place for documents, such as the dead-letter journal.
type Letters interface {
	// Put returns when the letters are durable.
	Put(ctx context.Context, letters []Letter) error
}

// write makes letters of losses of one flight.
func (s *Shipper) write(f *flight, losses []loss) ([]Letter, error) {
	plain, err := frame.Inflate(nil, f.payload, &f.source.Meta)
	if err != nil {
		return nil, err
	}
	why := make(map[int]ItemError, len(losses))
	for _, l := range losses {
		why[l.doc] = l.why
	}
	letters := make([]Letter, 0, len(losses))
	for i, doc := range frame.Documents(plain) {
		if e, ok := why[i]; ok {
			letters = append(letters, s.letter(f, i, doc, e))
		}
	}
	return letters, nil
}

func (s *Shipper) letter(f *flight, i int, doc frame.Doc, e ItemError) Letter {
	l := Letter{
		Time: time.Now(), Exporter: s.o.Name, Lines: uint32(f.lines(i)),
		Status: e.Status, Index: e.Index, Type: e.Type, Reason: e.Reason,
		Action: doc.Action, Source: doc.Source,
	}
	l.Namespace, l.Container = origin(doc.Source)
	return l
}

// origin is the namespace and "namespace/pod/container" that a document says
// it is from; the file's path when it is from no container.
func origin(source []byte) (namespace, container string) {
	v, err := fastjson.ParseBytes(source)
	if err != nil {
		return "", ""
	}
	attr := func(name string) []byte { return v.GetStringBytes("resource", "attributes", name) }
	namespace = string(attr("k8s.namespace.name"))
	if pod := attr("k8s.pod.name"); len(pod) > 0 {
		return namespace, string(bytes.Join([][]byte{[]byte(namespace), pod, attr("k8s.container.name")}, []byte("/")))
	}
	return namespace, string(v.GetStringBytes("attributes", "log.file.path"))
}
