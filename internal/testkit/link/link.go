// Package link is a TCP connection between two programs that a test makes bad:
// slow, in slices, cut, or dead without either side being told.
package link

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// Conditions are how bytes travel. The zero value is a good link.
type Conditions struct {
	// Latency is how long each byte takes.
	Latency time.Duration
	// Rate is how many bytes travel in a second, each way; 0 is no limit.
	Rate int
	// Slice is how many bytes are written at once; 0 is as they come.
	Slice int
	// CutAfter is how many bytes a connection carries from the client before both
	// ends are closed; 0 is no limit.
	CutAfter int64
}

// Direction is one of the two of a connection.
type Direction int

// The directions.
const (
	ToServer Direction = iota
	ToClient
)

// Link passes connections on to a server.
type Link struct {
	// Address is where clients find it.
	Address string

	server   string
	listener net.Listener

	mu         sync.Mutex
	conditions Conditions
	pairs      map[*pair]bool
	opened     int
	carried    [2]int64
	cuts       int
}

// Open makes a link to a server, which need not listen yet, until the test ends.
func Open(t testing.TB, server string) *Link {
	t.Helper()
	l, err := net.Listen("tcp", testkit.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	k := &Link{Address: l.Addr().String(), server: server, listener: l, pairs: map[*pair]bool{}}
	var done sync.WaitGroup
	done.Go(func() { k.accept(&done) })
	t.Cleanup(func() {
		l.Close()
		k.Cut()
		done.Wait()
	})
	return k
}

func (k *Link) accept(done *sync.WaitGroup) {
	for {
		client, err := k.listener.Accept()
		if err != nil {
			return
		}
		done.Go(func() {
			defer client.Close()
			server, err := net.Dial("tcp", k.server)
			if err != nil {
				return
			}
			k.carry(client, server)
		})
	}
}

// carry passes bytes on until one side ends.
func (k *Link) carry(client, server net.Conn) {
	p := &pair{link: k, ends: [2]net.Conn{ToServer: server, ToClient: client}, closed: make(chan struct{})}
	k.mu.Lock()
	k.pairs[p] = true
	k.opened++
	k.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(ToServer, client) })
	both.Go(func() { p.pump(ToClient, server) })
	both.Wait()
	k.mu.Lock()
	delete(k.pairs, p)
	k.mu.Unlock()
}

// Set changes the conditions, also of the connections that there are.
func (k *Link) Set(c Conditions) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conditions = c
}

// Freeze stops the bytes of the connections that there are, one way, for good:
// neither side is told, as when a firewall has forgotten them. Connections that
// are made later are well. It returns how many there are.
func (k *Link) Freeze(d Direction) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.pairs {
		p.frozen[d] = true
	}
	return len(k.pairs)
}

// Cut closes all connections at both ends and returns how many there were.
func (k *Link) Cut() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.pairs {
		p.close()
	}
	return len(k.pairs)
}

// Figures are what a link has seen.
type Figures struct {
	// Opened are all connections so far, Open those that there are, Cuts those
	// that ended by CutAfter.
	Opened, Open, Cuts int
	// Carried are bytes by direction.
	Carried [2]int64
}

// Figures are what the link has seen.
func (k *Link) Figures() Figures {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Figures{Opened: k.opened, Open: len(k.pairs), Cuts: k.cuts, Carried: k.carried}
}
