package telemetry

import (
	"net"
	"sync"
)

// Connections at once. The endpoint may be reachable from every pod of the
// cluster: one that opens many must neither cost memory nor keep the
// kubelet's probes from being answered, so each address has its own share.
const (
	maxConns        = 128
	maxConnsPerHost = 16
)

// connLimit is a listener that closes connections beyond the limits.
type connLimit struct {
	net.Listener
	mu    sync.Mutex
	hosts map[string]int
	total int
}

func limitConns(l net.Listener) *connLimit {
	return &connLimit{Listener: l, hosts: map[string]int{}}
}

// Accept implements net.Listener.
func (l *connLimit) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		if l.take(host) {
			return &limitedConn{Conn: c, release: sync.OnceFunc(func() { l.giveBack(host) })}, nil
		}
		_ = c.Close()
	}
}

func (l *connLimit) take(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= maxConns || l.hosts[host] >= maxConnsPerHost {
		return false
	}
	l.total++
	l.hosts[host]++
	return true
}

func (l *connLimit) giveBack(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.hosts[host]--; l.hosts[host] == 0 {
		delete(l.hosts, host)
	}
}

type limitedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
