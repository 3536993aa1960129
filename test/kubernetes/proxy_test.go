package kubernetes

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// proxy stands between agents and the API server. It counts what goes through,
// and can cut watches.
type proxy struct {
	*httptest.Server

	mu sync.Mutex
	// pass is closed while requests are let through.
	pass    chan struct{}
	watches map[*watchBody]bool
	// asked counts requests by list, watch or get, and by token; expired counts
	// watches that the server answered with 410.
	asked   map[string]int
	expired int
}

func newProxy(t testing.TB, c *kube.Cluster) *proxy {
	t.Helper()
	to, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{pass: make(chan struct{}), watches: map[*watchBody]bool{}, asked: map[string]int{}}
	close(p.pass)
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: c.Transport(), FlushInterval: -1, ModifyResponse: p.look, ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-p.count(r):
			forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		p.cut()
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// count notes a request, and returns what it waits for.
func (p *proxy) count(r *http.Request) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]++
	switch {
	case r.URL.Query().Get("watch") != "":
		p.asked["watch"]++
	case strings.HasSuffix(r.URL.Path, "s"):
		p.asked["list"]++
	default:
		p.asked["get"]++
	}
	return p.pass
}

// look has the bodies of watches read through a watchBody.
func (p *proxy) look(r *http.Response) error {
	if r.Request.URL.Query().Get("watch") == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.StatusCode == http.StatusGone {
		p.expired++
	}
	b := &watchBody{ReadCloser: r.Body, proxy: p}
	p.watches[b] = true
	r.Body = b
	return nil
}

// cut ends the watches that there are, as the server does from time to time, so
// that they are begun again where they were; and it holds what is asked from now
// on until release.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass = make(chan struct{})
	for b := range p.watches {
		b.ended.Store(true)
		b.ReadCloser.Close()
	}
}

func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.pass)
}

// figures are how often something was asked, and how many watches expired.
func (p *proxy) figures(what string) (asked, expired int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[what], p.expired
}

// watchBody is the stream of a watch.
type watchBody struct {
	io.ReadCloser
	proxy *proxy
	ended atomic.Bool
	gone  bool
}

// tooOld is in the status that the API server sends in a watch of what it has
// forgotten (k8s.io/apiserver, storage and its cacher), with the code 410.
var tooOld = []byte("too old resource version")

func (b *watchBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	if !b.gone && bytes.Contains(buf[:n], tooOld) {
		b.gone = true
		b.proxy.mu.Lock()
		b.proxy.expired++
		b.proxy.mu.Unlock()
	}
	if b.ended.Load() {
		return n, io.EOF
	}
	return n, err
}

func (b *watchBody) Close() error {
	b.proxy.mu.Lock()
	delete(b.proxy.watches, b)
	b.proxy.mu.Unlock()
	return b.ReadCloser.Close()
}
