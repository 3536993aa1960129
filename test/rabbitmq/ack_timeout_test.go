package rabbitmq

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit"
)

// Elasticsearch is away for longer than the broker lets a consumer keep a
// message without an ack (consumer_timeout, lowered to seconds). The gateway
// gives its messages back in time, so that the broker never closes its channel,
// and takes them again when Elasticsearch answers.
func TestOutageLongerThanTheAckTimeoutClosesNoChannel(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.broker.Set("consumer_timeout", "6000")
	s.binary = testkit.LeanAgent(t)
	generator := s.load("-rate", "300")
	s.start()
	s.underway()
	s.sink.Behave("503")
	g := s.gateway(gatewayOptions{receiver: []string{"return_after: 2s"}})
	testkit.Eventually(t, "the gateway gives messages back", func() (bool, string) {
		return g.messages("returned") > 0, g.Tail()
	})
	s.outlastPatience()
	s.sink.Behave("ok")
	healed := time.Now()
	s.arrives(1)
	t.Logf("RESULT seconds_from_heal_to_flowing=%.1f", time.Since(healed).Seconds())
	s.settle(generator)
	if n := g.messages("dropped"); n > 0 {
		t.Errorf("the broker took %d messages back from the gateway\n%s", n, g.Tail())
	}
	mib := g.PeakMemory() >> 20
	t.Logf("RESULT gateway_peak_mib=%d", mib)
	if mib > maxAgentMiB {
		t.Errorf("the gateway took %d MiB, and may take %d", mib, maxAgentMiB)
	}
	g.Stop()
}

// messages are the gateway's by what became of them.
func (g *gateway) messages(outcome string) int {
	return g.figure("tailrace_receiver_messages_total", `outcome="`+outcome+`"`)
}

// outlastPatience waits until the broker has closed the channel of a consumer
// that keeps a message, as it would have closed the gateway's.
func (s *site) outlastPatience() {
	t := s.TB
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	conn, err := amqp.Dial(s.broker.URL(s.broker.Nodes[0]))
	must(err)
	defer conn.Close()
	ch, err := conn.Channel()
	must(err)
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	q, err := ch.QueueDeclare("kept", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	must(err)
	_, err = ch.Consume(q.Name, "", false, false, false, false, nil)
	must(err)
	must(ch.Publish("", q.Name, false, false, amqp.Publishing{}))
	testkit.Eventually(t, "the broker has no patience left", func() (bool, string) {
		select {
		case reason := <-closed:
			return reason != nil && reason.Code == amqp.PreconditionFailed, reason.Error()
		default:
			return false, ""
		}
	})
}
