package elastic

import (
	"sync"
	"testing"
)

// Shared is a server that the tests of a package take turns with. It starts for
// the first of them.
type Shared struct {
	Options

	turn   sync.Mutex
	server *Server
}

// Take waits for the server, which is then the test's alone until it ends. What
// the test leaves in it is there for the next one.
func (p *Shared) Take(t testing.TB) *Server {
	t.Helper()
	p.turn.Lock()
	t.Cleanup(p.turn.Unlock)
	if p.server == nil {
		p.server = launch(t, p.Options)
	}
	return p.server.For(t)
}

// Stop ends the server, if there is one. It is called after the last test.
func (p *Shared) Stop() {
	if p.server != nil {
		p.server.remove()
	}
}
