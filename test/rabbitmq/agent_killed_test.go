package rabbitmq

import (
	"math/rand/v2"
	"testing"
)

// The agent is killed again and again while messages are on their way. The next
// one publishes again what was not confirmed, with the ids that it had.
func TestKilledPublisherLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.carry()
	random, inFlight := rand.New(rand.NewPCG(41, 41)), 0
	for range often(4, 40) {
		s.start()
		s.grows("lines are confirmed", max(s.sent(), 0)+300)
		pause(random)
		if s.written() > s.sink.Stats().Stored {
			inFlight++
		}
		s.agent.Kill()
	}
	if inFlight == 0 {
		t.Error("no kill hit lines on their way")
	}
	s.start()
	s.settle(generator)
}
