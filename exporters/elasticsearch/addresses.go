package elasticsearch

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
)

// address is one of the endpoints.
type address struct {
	name   string
	client *elastictransport.Client
	// single says that something on the way to it loses what follows the first
	// gzip member of a body: it gets one frame per request.
	single atomic.Bool
	// introduced says that it is known to take documents.
	introducing sync.Mutex
	introduced  bool

	// failures counts those in a row; until then the address is left out.
	failures int
	until    time.Time
}

// addresses chooses between the endpoints: those that work take turns. One
// that fails is left out, longer after each failure in a row, and then tried by
// one request. When all are left out the one that is due first is tried, so
// that it is the caller who decides how long to wait.
type addresses struct {
	log *slog.Logger
	// jitter chooses a wait below a ceiling.
	jitter func(ceiling time.Duration) time.Duration

	mu   sync.Mutex
	all  []*address
	turn int
}

// firstRest and longestRest bound how long a failing address is left out.
const (
	firstRest   = time.Second
	longestRest = 15 * time.Second
)

// newAddresses makes an address of each endpoint.
func newAddresses(c *Config, transport http.RoundTripper, log *slog.Logger) (*addresses, error) {
	urls, err := c.addresses()
	if err != nil {
		return nil, err
	}
	p := &addresses{log: log, jitter: upperHalf}
	for _, u := range urls {
		one := *c
		one.Endpoint, one.Endpoints, one.CloudID = "", []string{u.String()}, ""
		client, err := newClient(&one, transport)
		if err != nil {
			return nil, err
		}
		p.all = append(p.all, &address{name: u.Redacted(), client: client})
	}
	return p, nil
}

// upperHalf keeps nodes that saw the same failure from coming back together.
func upperHalf(ceiling time.Duration) time.Duration { return ceiling/2 + rand.N(ceiling/2+1) }

// choose is the address of the next request.
func (p *addresses) choose(now time.Time) *address {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *address
	for i := range p.all {
		a := p.all[(p.turn+i)%len(p.all)]
		if a.until.After(now) {
			if best == nil || a.until.Before(best.until) {
				best = a
			}
			continue
		}
		p.turn = (p.turn + i + 1) % len(p.all)
		a.tried(now)
		return a
	}
	best.tried(now)
	return best
}

// tried leaves a failing address out for other requests while one finds out
// whether it works again.
func (a *address) tried(now time.Time) {
	if a.failures > 0 {
		a.until = now.Add(longestRest)
	}
}

// failed leaves an address out.
func (p *addresses) failed(a *address, now time.Time, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.failures++
	ceiling := firstRest
	for i := 1; i < a.failures && ceiling < longestRest; i++ {
		ceiling *= 2
	}
	a.until = now.Add(p.jitter(min(ceiling, longestRest)))
	if a.failures == 1 && len(p.all) > 1 {
		p.log.Warn("an address of Elasticsearch fails and is left out for a while", "address", a.name, "reason", reason)
	}
}

// works takes an address in again.
func (p *addresses) works(a *address) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.failures > 0 && len(p.all) > 1 {
		p.log.Info("an address of Elasticsearch works again", "address", a.name)
	}
	a.failures, a.until = 0, time.Time{}
}

// isAddressFault says that a status is the fault of the address or of what
// stands before it, not of the request or the credentials. Overload (429) is
// none: the other addresses are of the same cluster.
func isAddressFault(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return status >= 520 && status <= 530
}
