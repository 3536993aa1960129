package shipping

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// packLevel is that of the lanes' frames: what is packed again is rare.
const packLevel = 1

// request makes what is sent of fragments. Whole frames go as they are; of
// others the documents at hand are packed again. done gives memory back.
func (s *Shipper) request(sent []*fragment) (req *Request, done func(), err error) {
	req = &Request{Parts: make([]Part, 0, len(sent))}
	var packed []*frame.Sealed
	done = func() {
		for _, p := range packed {
			p.Release()
		}
	}
	for _, f := range sent {
		meta := &f.flight.source.Meta
		if f.docs == nil {
			req.Parts = append(req.Parts, Part{Frame: meta, Docs: f.flight.docs,
				PlainSize: f.flight.plain, Payload: f.flight.payload})
			continue
		}
		p, err := s.pack(f)
		if err != nil {
			done()
			return nil, nil, err
		}
		packed = append(packed, p)
		req.Parts = append(req.Parts, Part{Frame: meta, Docs: int(p.Meta.Docs),
			PlainSize: int(p.Meta.PlainSize), Payload: p.Payload})
	}
	return req, done, nil
}

// pack compresses the documents of a fragment.
func (s *Shipper) pack(f *fragment) (*frame.Sealed, error) {
	plain, err := frame.Inflate(s.plain[:0], f.flight.payload, &f.flight.source.Meta)
	if err != nil {
		return nil, err
	}
	s.plain = plain
	if s.builder == nil {
		s.builder = frame.NewBuilder(packLevel)
	}
	for i, doc := range frame.Documents(plain) {
		if _, wanted := slices.BinarySearch(f.docs, i); !wanted {
			continue
		}
		if f.rewritten {
			doc = s.rewrite(doc)
		}
		s.builder.AddDoc(doc)
	}
	return s.builder.Seal(frame.Meta{}), nil
}

// rewrite changes a document that does not fit its index; one that cannot be
// changed is refused once more.
func (s *Shipper) rewrite(doc frame.Doc) frame.Doc {
	if p, ok := s.o.Rewrite(doc.Source); ok {
		doc.Source = p
	}
	return doc
}
