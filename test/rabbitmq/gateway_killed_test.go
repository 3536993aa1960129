package rabbitmq

import (
	"math/rand/v2"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// The gateway is killed again and again under load, at random moments and while
// it waits for Elasticsearch with messages in hand. The broker hands to the next
// one what had no ack, and Elasticsearch answers what it has that it has it.
func TestKilledGatewayLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	const moods = "ok:400ms,cut:100ms,429:100ms,ok:300ms,503:150ms,partly:100ms"
	s.sink.Behave(moods)
	generator := s.load()
	s.start()
	s.underway()
	random := rand.New(rand.NewPCG(42, 42))
	for i := range often(4, 40) {
		g := s.gateway(gatewayOptions{})
		s.arrives(300)
		if i%2 == 1 {
			s.stalls()
		} else {
			pause(random)
		}
		g.Kill()
		s.sink.Behave(moods)
	}
	s.sink.Behave("ok")
	g := s.gateway(gatewayOptions{})
	testkit.Eventually(t, "messages are delivered again", func() (bool, string) {
		return g.figure("tailrace_receiver_redelivered_messages_total") > 0, g.Tail()
	})
	s.settle(generator)
	g.Stop()
}

// stalls has the sink answer no more, and waits until it has stored what it
// does not answer.
func (s *site) stalls() {
	s.TB.Helper()
	s.sink.Behave("ok")
	before := s.sink.Stats().Faults
	s.sink.Behave("stall")
	testkit.Eventually(s.TB, "a request gets no answer", func() (bool, string) { return s.sink.Stats().Faults > before, "" })
}

// A gateway crashes 25 times in a row with the same messages in hand: more often
// than a broker that counts deliveries would bear (RabbitMQ 4.0 gives a message
// of a quorum queue up after 20). None is given up.
func TestTwentyFiveCrashesWithTheSameMessagesLoseNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.start()
	s.underway()
	s.sink.Behave("503")
	for range often(25, 100) {
		g := s.gateway(gatewayOptions{})
		s.holds()
		g.Kill()
	}
	if n := s.sink.Stats().Stored; n > 0 {
		t.Fatalf("%d documents were stored by a sink that refuses all", n)
	}
	s.sink.Behave("ok")
	g := s.gateway(gatewayOptions{})
	s.settle(generator)
	g.Stop()
}
