// Package sink is the far end of benchmarks: it takes _bulk requests as
// Elasticsearch does, counts and forgets the documents, and answers that each
// was stored.
package sink

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// Counts are what a sink has received.
type Counts struct {
	// Docs is the number of documents, Requests of those that they came in, Plain
	// and Packed the bytes of the bodies, before and after compression.
	Docs, Requests, Plain, Packed int64
}

// Sink is an http.Handler.
type Sink struct {
	mux                           *http.ServeMux
	docs, requests, plain, packed atomic.Int64
	readers, replies              sync.Pool
}

// New is a sink that has received nothing.
func New() *Sink {
	s := &Sink{mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /counts", s.counts)
	s.mux.HandleFunc("POST /_bulk", s.bulk)
	s.mux.HandleFunc("/", s.other)
	return s
}

// Serve answers on l until it is closed.
func (s *Sink) Serve(l net.Listener) error { return http.Serve(l, s.mux) }

// counts answers with what was received since the last reset; ?reset does that.
func (s *Sink) counts(w http.ResponseWriter, r *http.Request) {
	c := Counts{s.docs.Load(), s.requests.Load(), s.plain.Load(), s.packed.Load()}
	if r.URL.Query().Has("reset") {
		s.docs.Store(0)
		s.requests.Store(0)
		s.plain.Store(0)
		s.packed.Store(0)
	}
	fmt.Fprintf(w, "%d %d %d %d\n", c.Docs, c.Requests, c.Plain, c.Packed)
}

// Read asks the sink at url for its counts.
func Read(url string, reset bool) (c Counts, err error) {
	if reset {
		url += "/counts?reset"
	} else {
		url += "/counts"
	}
	resp, err := http.Get(url)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscan(resp.Body, &c.Docs, &c.Requests, &c.Plain, &c.Packed)
	return c, err
}

// other answers whatever else a client asks before it sends: an empty object.
func (s *Sink) other(w http.ResponseWriter, _ *http.Request) {
	header(w)
	io.WriteString(w, "{}")
}

func header(w http.ResponseWriter) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
}

// counter counts lines and bytes that are written to it.
type counter struct{ lines, bytes int64 }

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.lines += int64(bytes.Count(p, []byte{'\n'}))
	c.bytes += int64(len(p))
	return len(p), nil
}

func (s *Sink) bulk(w http.ResponseWriter, r *http.Request) {
	packed := &countingReader{Reader: r.Body}
	var plain counter
	if err := s.inflate(&plain, packed); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	docs := plain.lines / 2
	s.docs.Add(docs)
	s.requests.Add(1)
	s.plain.Add(plain.bytes)
	s.packed.Add(packed.n)
	header(w)
	s.reply(w, int(docs))
}

func (s *Sink) inflate(w io.Writer, r io.Reader) error {
	z, ok := s.readers.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer s.readers.Put(z)
	if err := z.Reset(r); err != nil {
		return err
	}
	_, err := z.WriteTo(w)
	return err
}

// item is the answer to one document, as small as filter_path makes it.
const item = `{"create":{"_index":".ds-logs-generic.otel-default-2020.01.01-000001","status":201}}`

func (s *Sink) reply(w io.Writer, docs int) {
	b, ok := s.replies.Get().(*bytes.Buffer)
	if !ok {
		b = new(bytes.Buffer)
	}
	defer s.replies.Put(b)
	b.Reset()
	b.WriteString(`{"errors":false,"items":[`)
	for i := range docs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item)
	}
	b.WriteString("]}")
	_, _ = w.Write(b.Bytes())
}

type countingReader struct {
	io.Reader
	n int64
}

// Read implements io.Reader.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
