package rabbitmq

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestALookSaysWhatIsThereAndDeclaresNothing(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	c := configFor(b)
	c.Queues = 2
	look := func(want ...string) {
		t.Helper()
		says, err := Look(t.Context(), c, "node-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range want {
			if !strings.Contains(says, words) {
				t.Errorf("%q is not in %q", words, says)
			}
		}
	}
	refused := func(want ...string) {
		t.Helper()
		says, err := Look(t.Context(), c, "node-1")
		if err == nil {
			t.Fatal(says)
		}
		for _, words := range want {
			if !strings.Contains(err.Error()+"; "+CureOf(err), words) {
				t.Errorf("%q is not in %q or %q", words, err, CureOf(err))
			}
		}
	}
	look("RabbitMQ 3.", "makes what is missing: the exchange tailrace, the queue tailrace-0, the queue tailrace-1")
	if b.HasQueue("tailrace-0") {
		t.Error("it has declared a queue")
	}
	c.Declare = passive
	refused("no exchange tailrace, no queue tailrace-0", "declare: active")
	c.Declare = declareActive
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
	look("has what the exporter needs")
	b.DeleteQueue("tailrace-1")
	if _, err := ch.QueueDeclare("tailrace-1", true, false, false, false, amqp.Table{argMessageTTL: int64(60000)}); err != nil {
		t.Fatal(err)
	}
	refused("messages expire", "delete_queue")
	c.AllowLossy = true
	look("has what the exporter needs")
	c.Broker.Password = "wrong"
	refused("user and password")
	c.Broker.Endpoints = []string{"amqp://127.0.0.1:1"}
	if _, err := Look(t.Context(), c, "node-1"); err == nil || CureOf(err) != "" {
		t.Errorf("%v; %s", err, CureOf(err))
	}
}
