package rabbitmq

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	broker "github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

// The node that leads the queue is killed under load. Another one leads at
// once, and the agent, wherever it is connected, goes on while the node is away.
func TestKilledQueueLeaderLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, three)
	generator := s.load()
	s.start()
	s.carry()
	s.underway()
	random := rand.New(rand.NewPCG(40, 40))
	for range often(1, 20) {
		pause(random)
		leader := s.leader()
		leader.Kill()
		s.flowing(time.Now())
		if next := s.leader(); next == leader {
			t.Fatal("the dead node still leads")
		}
		s.restart(leader, generator)
	}
	s.settle(generator)
}

// leader waits until a node leads the queue that runs.
func (s *site) leader() (n *broker.Node) {
	s.TB.Helper()
	testkit.Eventually(s.TB, "the queue has a leader", func() (bool, string) {
		n = s.broker.Leader(queue)
		return n != nil && n.Running(), ""
	})
	return n
}
