package rabbitmq

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/link"
)

// Something between the agent and the broker forgets their connection: one way,
// nothing arrives any more, and nobody is told. The agent finds out, and
// publishes on another connection what was not confirmed.
func TestHalfOpenConnectionIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.binary = testkit.LeanAgent(t)
	way := s.through()
	generator := s.load()
	s.settings = []string{"confirm_timeout: 5s"}
	s.start()
	s.carry()
	s.underway()
	for range often(1, 10) {
		for _, d := range []link.Direction{link.ToClient, link.ToServer} {
			opened := way.Figures().Opened
			if n := way.Freeze(d); n == 0 {
				t.Fatal("there is no connection to freeze")
			}
			began := time.Now()
			testkit.Eventually(t, "the agent connects again", func() (bool, string) {
				return way.Figures().Opened > opened, s.agent.Tail()
			})
			s.flowing(began)
		}
	}
	s.bounded()
	s.settle(generator)
}

// through has the agent reach the broker by a link.
func (s *site) through() *link.Link {
	s.TB.Helper()
	k := link.Open(s.TB, s.broker.Nodes[0].Address)
	s.addresses = []string{k.Address}
	return k
}
