package rabbitmq

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// The only node of the broker is killed again and again under load, while
// messages are on their way to it: nothing is lost, and what is sent again,
// since its confirm was, has the ids that it had.
func TestKilledBrokerLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.start()
	s.carry()
	node, random := s.broker.Nodes[0], rand.New(rand.NewPCG(39, 39))
	s.underway()
	for range often(2, 20) {
		pause(random)
		node.Kill()
		if node.Running() {
			t.Fatal("the broker still runs")
		}
		s.saying("RabbitMQ")
		before := s.written()
		testkit.Grows(t, "lines are written while the broker is away", before+500, func() (int, string) { return s.written(), "" })
		s.restart(node, generator)
		s.flowing(time.Now())
	}
	s.settle(generator)
}

// pause lets a random time go by, so that faults come at any moment.
func pause(random *rand.Rand) { time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond) }
