package shipping

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// backend stores documents by their ids, as Elasticsearch does with create,
// and fails by chance.
type backend struct {
	mu   sync.Mutex
	rng  *rand.Rand
	docs map[string]string
	// chance of each fault of a whole request, and of a busy document.
	chance float64
	// down refuses every request.
	down bool
	// missing refuses documents of an index until it is made.
	missing map[string]bool
	// refuses is a line for which a firewall refuses the request.
	refuses string
	// firstOnly loses everything behind the first gzip member, single says
	// that the exporter knows.
	firstOnly, single bool

	requests, twice int
}

func newBackend(seed uint64) *backend {
	return &backend{rng: rand.New(rand.NewPCG(seed, 0)), docs: map[string]string{}, missing: map[string]bool{}}
}

// change alters the backend while it is in use.
func (b *backend) change(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fn()
}

// Export implements Exporter.
func (b *backend) Export(ctx context.Context, req *Request) (*Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	parts, cut := req.Parts, 0
	if b.firstOnly && len(parts) > 1 {
		parts = parts[:1]
		if b.single {
			cut = 1
		}
	}
	docs, err := inflate(parts)
	switch {
	case err != nil:
		return nil, err
	case b.down:
		return &Response{Verdict: Unavailable, Parts: cut, Reason: "down"}, nil
	case b.refuses != "" && contains(docs, b.refuses):
		return &Response{Verdict: Unclear, Parts: cut, Status: 403, Signature: "403", Reason: "403 Forbidden", Raw: "<html>blocked</html>"}, nil
	case b.happens():
		return &Response{Verdict: Unavailable, Parts: cut, Reason: "503 Service Unavailable"}, nil
	}
	r := b.store(docs)
	switch {
	case len(parts) < len(req.Parts) && cut == 0:
		b.single = true
		return &Response{Verdict: Miscounted, Reason: "too few items"}, nil
	case b.happens(): // Cut after the commit.
		return &Response{Verdict: Unclear, Parts: cut, Signature: "cut", Reason: "connection closed"}, nil
	}
	r.Parts = cut
	return r, ctx.Err()
}

func (b *backend) happens() bool { return b.rng.Float64() < b.chance }

func inflate(parts []Part) (docs []frame.Doc, err error) {
	for _, p := range parts {
		plain, err := frame.Inflate(nil, p.Payload, &frame.Meta{PlainSize: uint32(p.PlainSize)})
		if err != nil {
			return nil, err
		}
		n := 0
		for _, doc := range frame.Documents(plain) {
			docs, n = append(docs, doc), n+1
		}
		if n != p.Docs {
			return nil, fmt.Errorf("a part has %d documents and says %d", n, p.Docs)
		}
	}
	return docs, nil
}

func contains(docs []frame.Doc, text string) bool {
	for _, d := range docs {
		if strings.Contains(string(d.Source), text) {
			return true
		}
	}
	return false
}

// store is what became of each document.
func (b *backend) store(docs []frame.Doc) *Response {
	r := &Response{}
	for i, d := range docs {
		id := string(d.Action)
		o := Stored
		_, exists := b.docs[id]
		switch {
		case exists:
			o = Exists
			b.twice++
		case b.missing[streamOf(d)]:
			o = Refused
		case strings.Contains(string(d.Source), "conflict"):
			o = Rejected
		case b.happens():
			o = Busy
		default:
			b.docs[id] = string(d.Source)
		}
		if o >= Busy {
			r.Errors = append(r.Errors, ItemError{Doc: i, Status: map[Outcome]int{Busy: 429, Refused: 404, Rejected: 400}[o], Type: "t", Reason: "r"})
		}
		r.Outcomes = append(r.Outcomes, o)
	}
	return r
}
