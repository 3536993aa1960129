package link

import (
	"net"
	"sync"
	"time"
)

// pair is a connection of a client and one to the server.
type pair struct {
	link *Link
	// ends are where the bytes of a direction go.
	ends   [2]net.Conn
	once   sync.Once
	closed chan struct{}
	// frozen and sent are guarded by the link's lock.
	frozen [2]bool
	sent   int64
}

// part is some bytes on their way.
type part struct {
	bytes []byte
	due   time.Time
}

// maxOnTheWay bounds the parts that latency keeps on their way.
const maxOnTheWay = 256

func (p *pair) close() {
	p.once.Do(func() {
		close(p.closed)
		p.ends[ToServer].Close()
		p.ends[ToClient].Close()
	})
}

// pump carries the bytes of one direction.
func (p *pair) pump(d Direction, from net.Conn) {
	defer p.close()
	way := make(chan part, maxOnTheWay)
	var delivering sync.WaitGroup
	delivering.Go(func() { p.deliver(d, way) })
	defer delivering.Wait()
	defer close(way)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.take(d, way, buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// take puts bytes on their way; false means that the connection has ended.
func (p *pair) take(d Direction, way chan<- part, b []byte) bool {
	c, frozen, cut := p.passing(d, len(b))
	if frozen {
		<-p.closed
		return false
	}
	for len(b) > 0 {
		n := len(b)
		if c.Slice > 0 {
			n = min(n, c.Slice)
		}
		select {
		case way <- part{append([]byte(nil), b[:n]...), time.Now().Add(c.Latency)}:
		case <-p.closed:
			return false
		}
		b = b[n:]
	}
	return !cut
}

// passing counts bytes and says how they travel.
func (p *pair) passing(d Direction, n int) (c Conditions, frozen, cut bool) {
	k := p.link
	k.mu.Lock()
	defer k.mu.Unlock()
	if p.frozen[d] {
		return k.conditions, true, false
	}
	k.carried[d] += int64(n)
	if d == ToServer {
		p.sent += int64(n)
		cut = k.conditions.CutAfter > 0 && p.sent >= k.conditions.CutAfter
	}
	if cut {
		k.cuts++
	}
	return k.conditions, false, cut
}

// deliver writes what is on its way, when it is due.
func (p *pair) deliver(d Direction, way <-chan part) {
	defer p.close()
	for part := range way {
		if !p.wait(time.Until(part.due)) {
			return
		}
		if _, err := p.ends[d].Write(part.bytes); err != nil {
			return
		}
		p.link.mu.Lock()
		rate := p.link.conditions.Rate
		p.link.mu.Unlock()
		if rate > 0 && !p.wait(time.Duration(len(part.bytes))*time.Second/time.Duration(rate)) {
			return
		}
	}
}

// wait returns false when the connection ends before.
func (p *pair) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-p.closed:
		return false
	}
}
