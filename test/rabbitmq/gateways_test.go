package rabbitmq

import (
	"testing"
	"time"
)

// Several gateways share one queue, and the broker is killed under them: what
// they had in hand goes to any of them, and is stored once.
func TestBrokerKilledUnderTwoGatewaysLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.sink.Behave("ok:300ms,stall:200ms,429:100ms")
	generator := s.load()
	s.start()
	s.underway()
	a, b := s.gateway(gatewayOptions{}), s.gateway(gatewayOptions{})
	s.arrives(300)
	for range often(1, 20) {
		s.holds()
		s.broker.Nodes[0].Kill()
		s.restart(s.broker.Nodes[0], generator)
		restarted := time.Now()
		s.arrives(300)
		t.Logf("RESULT seconds_from_heal_to_flowing=%.1f", time.Since(restarted).Seconds())
	}
	s.sink.Behave("ok")
	s.settle(generator)
	a.Stop()
	b.Stop()
}
