package elasticsearch

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
)

// fault is what something between this node and Elasticsearch does to a bulk
// request or to its answer. The request has been carried out by then, but for
// what a fault of the request takes away.
type fault struct {
	name    string
	request func(body []byte) []byte
	answer  func(*http.Response, []byte) io.ReadCloser
	// lasts says that it is never over: then the others are the first few.
	lasts bool
	// resends says that documents have to be sent again.
	resends bool
}

var faultsBetween = []fault{
	{name: "the answer drips", answer: func(_ *http.Response, b []byte) io.ReadCloser {
		return io.NopCloser(&drip{Reader: bytes.NewReader(b)})
	}, lasts: true},
	{name: "the answer is cut off after the commit", answer: func(*http.Response, []byte) io.ReadCloser {
		return io.NopCloser(brokenReader{})
	}, resends: true},
	{name: "the answer is half JSON", answer: func(r *http.Response, b []byte) io.ReadCloser {
		return whole(r, b[:len(b)/2])
	}, resends: true},
	{name: "a page takes the place of the answer", answer: func(r *http.Response, _ []byte) io.ReadCloser {
		r.Header.Set("Content-Type", "text/html")
		return whole(r, []byte("<html>please log in</html>"))
	}, resends: true},
	{name: "an item is missing from the answer", answer: func(r *http.Response, b []byte) io.ReadCloser {
		return whole(r, lastItem.ReplaceAll(b, []byte("]}")))
	}, resends: true},
	{name: "the first gzip member of a request alone gets through", request: firstMember, lasts: true, resends: true},
}

var lastItem = regexp.MustCompile(`,\{"create":\{[^{}]*\}\}\]\}$`)

// whole is an answer of a known length.
func whole(r *http.Response, b []byte) io.ReadCloser {
	r.Header.Set("Content-Length", strconv.Itoa(len(b)))
	r.ContentLength = int64(len(b))
	return io.NopCloser(bytes.NewReader(b))
}

// drip gives a few bytes at a time.
type drip struct{ io.Reader }

func (d *drip) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return d.Reader.Read(p[:min(len(p), 7)])
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// firstMember is the first gzip member of a body.
func firstMember(body []byte) []byte {
	in := bytes.NewReader(body)
	z, err := gzip.NewReader(in)
	if err != nil {
		return body
	}
	z.Multistream(false)
	if _, err := io.Copy(io.Discard, z); err != nil {
		return body
	}
	return body[:len(body)-in.Len()]
}

// between is a proxy before a real server that has a fault for the first few
// bulk requests, or for all.
func (f *fault) between(t *testing.T, s *elastic.Server) (address string, fired *atomic.Int32) {
	const few = 3
	fired = new(atomic.Int32)
	target, err := url.Parse(s.URL)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{DisableCompression: true}
	proxy.FlushInterval = -1
	proxy.ModifyResponse = func(r *http.Response) error {
		if f.answer == nil || r.Request.URL.Path != "/_bulk" || !f.lasts && fired.Load() >= few {
			return nil
		}
		fired.Add(1)
		b, err := io.ReadAll(r.Body)
		r.Body = f.answer(r, b)
		return err
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.request != nil && r.URL.Path == "/_bulk" {
			b, err := io.ReadAll(r.Body)
			must(t, err)
			kept := f.request(b)
			if len(kept) < len(b) {
				fired.Add(1)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(kept)), int64(len(kept))
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL, fired
}

// faultsBetweenLoseAndRepeatNothing: whatever is done to requests and answers
// on the way, each document is in Elasticsearch once, and in no other place.
func faultsBetweenLoseAndRepeatNothing(t *testing.T, s *elastic.Server) {
	for i := range faultsBetween {
		f := &faultsBetween[i]
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := s.For(t)
			stream := fmt.Sprintf("logs-b%d.otel-real", streamNumber.Add(1))
			address, fired := f.between(t, s)
			c := settings(s)
			c.Endpoints = []string{address}
			d := newDelivery(t, c)
			docs := docsOf(stream, 60)
			for i := 0; i < len(docs); i += 10 {
				d.add(docs[i : i+10]...)
			}
			must(t, d.journal.Flush(t.Context()))
			d.run()
			if r := d.delivered(); r.Delivered != 60 || r.Dead+r.Parked+r.Lost != 0 {
				t.Errorf("the cursor counts %+v, want 60 lines delivered", r)
			}
			holdsOnce(t, s, stream, 60)
			st := d.shipper.Stats()
			if fired.Load() == 0 || f.resends != (st.Retries > 0) {
				t.Errorf("the fault fired %d times and %d documents were sent again: %s", fired.Load(), st.Retries, strings.TrimSpace(st.Trouble.Reason))
			}
		})
	}
}
