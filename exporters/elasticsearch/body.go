package elasticsearch

import (
	"bytes"
	"io"
	"sync"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// body is a request's documents as they go over the wire: one plain gzip
// member after the other. It holds the shipper's memory, which net/http may
// read for some time after a request has failed; release ends that.
type body struct {
	mu     sync.Mutex
	pieces [][]byte
	length int64
}

func newBody(parts []shipping.Part) *body {
	b := &body{pieces: make([][]byte, 0, 2*len(parts))}
	for i := range parts {
		b.pieces = append(b.pieces, frame.WireHeader[:], parts[i].Payload)
		b.length += int64(len(frame.WireHeader) + len(parts[i].Payload))
	}
	return b
}

// release makes every reader of the body fail from now on.
func (b *body) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pieces = nil
}

// open is a reader from the beginning.
func (b *body) open() io.ReadCloser { return &bodyReader{body: b} }

type bodyReader struct {
	body *body
	// piece and offset are where to go on.
	piece, offset int
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (int, error) {
	r.body.mu.Lock()
	defer r.body.mu.Unlock()
	if r.body.pieces == nil {
		return 0, io.ErrClosedPipe
	}
	n := 0
	for n < len(p) && r.piece < len(r.body.pieces) {
		piece := r.body.pieces[r.piece]
		m := copy(p[n:], piece[r.offset:])
		n, r.offset = n+m, r.offset+m
		if r.offset == len(piece) {
			r.piece, r.offset = r.piece+1, 0
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close implements io.Closer.
func (r *bodyReader) Close() error { return nil }

// answerBody is what a server sends, with its first bytes kept to show them.
type answerBody struct {
	io.Reader
	first bytes.Buffer
}

// rawLimit is how much of an answer that is not understood is shown.
const rawLimit = 1 << 10

// Read implements io.Reader.
func (a *answerBody) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if room := rawLimit - a.first.Len(); room > 0 {
		a.first.Write(p[:min(n, room)])
	}
	return n, err
}
