package scale

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// wire passes connections on to a server and counts them and their bytes. It
// sees what a network does: TLS and all.
type wire struct {
	address            string
	connections, bytes atomic.Int64
}

func newWire(b *testing.B, to string) *wire {
	b.Helper()
	host, _, err := net.SplitHostPort(to)
	if err != nil {
		b.Fatal(err)
	}
	// The server's certificate is for its address, whatever the port.
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	w := &wire{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.connections.Add(1)
			go w.pass(c, to)
		}
	}()
	return w
}

func (w *wire) pass(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		// A client that ends is noticed by the server.
		_, _ = io.Copy(server, counted{client, &w.bytes})
		server.Close()
	}()
	_, _ = io.Copy(counted{client, &w.bytes}, counted{server, &w.bytes})
}

// counted adds what is read to n.
type counted struct {
	net.Conn
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}
