package rabbitmq

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

func TestALookSaysWhatIsInTheQueuesAndTakesNothing(t *testing.T) {
	b := brokers.Take(t)
	c := DefaultConfig()
	c.Broker.Endpoints, c.Broker.VHost = []string{"amqp://" + b.Nodes[0].Address}, b.VirtualHost
	c.Broker.User, c.Broker.Password = rabbitmq.User, rabbitmq.Password
	if _, err := Look(t.Context(), c); err == nil || !strings.Contains(err.Error(), "no queue 'tailrace'") || !strings.Contains(CureOf(err), "declares the queue") {
		t.Errorf("%v; %s", err, CureOf(err))
	}
	conn, err := amqp.Dial(b.URL(b.Nodes[0]))
	must(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	must(t, err)
	_, err = ch.QueueDeclare("tailrace", true, false, false, false, nil)
	must(t, err)
	must(t, ch.Publish("", "tailrace", false, false, amqp.Publishing{Body: []byte("x")}))
	for range 2 {
		for says := ""; !strings.Contains(says, "tailrace has 1 messages to give and 0 consumers"); {
			says, err = Look(t.Context(), c)
			must(t, err)
		}
	}
	c.Broker.Password = "wrong"
	if _, err := Look(t.Context(), c); err == nil || !strings.Contains(CureOf(err), "user and password") {
		t.Errorf("%v; %s", err, CureOf(err))
	}
}
