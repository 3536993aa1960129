package elasticsearch

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// transport sends requests with credentials and the user's headers. It makes
// new connections when the files of certificates have changed.
type transport struct {
	config      *Config
	credentials credentials
	log         *slog.Logger

	mu      sync.Mutex
	current *http.Transport
	// made is what the files were when current was made, looked when they were
	// looked at last.
	made   stamp
	looked time.Time
}

// lookInterval is how often the files of certificates are looked at.
const lookInterval = 10 * time.Second

// errSecret is the cause of a request that was not sent for want of
// credentials.
type errSecret struct{ error }

func newTransport(c *Config, log *slog.Logger) (*transport, error) {
	t := &transport{config: c, credentials: newCredentials(c), log: log}
	t.made, t.looked = stampOf(c.TLS.Files()), time.Now()
	var err error
	t.current, err = connections(c)
	return t, err
}

// RoundTrip implements http.RoundTripper. Requests come from Elastic's client,
// which makes a new one for each attempt and leaves it to the transport.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	for name, value := range t.config.Headers {
		r.Header.Set(name, value.Reveal())
	}
	if err := t.credentials.authorise(r.Header); err != nil {
		return nil, errSecret{err}
	}
	return t.fresh().RoundTrip(r)
}

// fresh is the transport by the certificates of today. While new ones cannot be
// used, the old ones stay.
func (t *transport) fresh() *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.looked) < lookInterval {
		return t.current
	}
	t.looked = time.Now()
	found := stampOf(t.config.TLS.Files())
	if found == t.made {
		return t.current
	}
	next, err := connections(t.config)
	if err != nil {
		t.log.Error("changed certificates cannot be used; the old ones stay", "error", err)
		return t.current
	}
	t.current.CloseIdleConnections()
	t.current, t.made = next, found
	return next
}

// CloseIdleConnections gives up connections that are not used.
func (t *transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.CloseIdleConnections()
}

// connections makes connections as the configuration says.
func connections(c *Config) (*http.Transport, error) {
	conf, err := c.TLS.Load()
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		// One connection for each request in flight and one for what is parked;
		// idle ones are closed before the usual minute of load balancers is over.
		MaxIdleConnsPerHost: c.NumWorkers + 1,
		IdleConnTimeout:     50 * time.Second,
		// Answers are small, and inflating them costs more than reading them.
		DisableCompression: true,
		TLSClientConfig:    conf,
	}
	if c.ProxyURL != "" {
		proxy, err := url.Parse(c.ProxyURL)
		if err != nil {
			return nil, errors.New("proxy_url is no URL: write http://host:3128")
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	return t, nil
}

// stamp tells when files have changed.
type stamp [3]fileStamp

type fileStamp struct {
	modified time.Time
	size     int64
}

// stampOf looks at files; one that is not there has the zero stamp.
func stampOf(names [3]string) (s stamp) {
	for i, name := range names {
		if name == "" {
			continue
		}
		if st, err := os.Stat(name); err == nil {
			s[i] = fileStamp{st.ModTime(), st.Size()}
		}
	}
	return s
}
