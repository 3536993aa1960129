package rabbitmq

import (
	"sync"
	"testing"
)

// Shared is a broker that the tests of a package take turns with. It starts for
// the first of them.
type Shared struct {
	Options

	turn   sync.Mutex
	broker *Broker
}

// Take waits for the broker, which is then the test's alone until it ends, with
// a virtual host of the test's. A test that kills a node restarts it.
func (p *Shared) Take(t testing.TB) *Broker {
	t.Helper()
	p.turn.Lock()
	t.Cleanup(p.turn.Unlock)
	if p.broker == nil {
		p.broker = launch(t, p.Options)
	}
	for _, n := range p.broker.as(t).Nodes {
		if !n.Running() {
			n.Restart()
		}
	}
	return p.broker.For(t)
}

// Stop ends the broker, if there is one. It is called after the last test.
func (p *Shared) Stop() {
	if p.broker != nil {
		p.broker.remove()
	}
}
