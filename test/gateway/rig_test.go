// Package gateway runs the real agent as a gateway between a real RabbitMQ and
// a real Elasticsearch.
package gateway

import (
	"fmt"
	"os"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
)

// The servers that tests take turns with.
var (
	server  elastic.Shared
	brokers rabbitmq.Shared
)

func TestMain(m *testing.M) {
	status := m.Run()
	server.Stop()
	brokers.Stop()
	os.Exit(status)
}

const queue = "tailrace"

// rig is a broker with a queue, Elasticsearch, and what a gateway needs.
type rig struct {
	*testkit.Rig
	t      *testing.T
	broker *rabbitmq.Broker
	es     *elastic.Server
	// channel publishes to the queue.
	channel *amqp.Channel
	// stream is the data stream of the test's documents.
	stream  string
	configs []string
	starts  int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Rig: testkit.NewRig(t), t: t, broker: brokers.Take(t), es: server.Take(t)}
	namespace := fmt.Sprintf("gateway%d", time.Now().UnixNano())
	r.es.TakeLogs(namespace)
	r.stream = "logs-generic.otel-" + namespace
	conn, err := amqp.Dial(r.broker.URL(r.broker.Nodes[0]))
	r.must(err)
	t.Cleanup(func() { conn.Close() })
	r.channel, err = conn.Channel()
	r.must(err)
	r.must(r.channel.Confirm(false))
	_, err = r.channel.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	r.must(err)
	r.configs = []string{r.Configure(fmt.Sprintf(`
receivers:
  rabbitmq: {endpoints: ["amqp://%s"], vhost: %q, user: %s, password: %s, queue: %s, return_after: 1m}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms}}
`, r.broker.Nodes[0].Address, r.broker.VirtualHost, rabbitmq.User, rabbitmq.Password, queue, r.es.URL),
		"    logs: {receivers: [rabbitmq], exporters: [elasticsearch]}\n")}
	r.override("service: {journal: {type: memory, max_size: 16MiB}}")
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// override changes the gateways that are started from then on.
func (r *rig) override(yaml string) { r.configs = append(r.configs, "yaml:"+yaml) }

// start runs a gateway.
func (r *rig) start(more ...string) *testkit.Process {
	r.t.Helper()
	r.starts++
	args := []string{"run"}
	for _, c := range r.configs {
		args = append(args, "--config", c)
	}
	return r.Start(fmt.Sprintf("gateway-%d", r.starts), testkit.Agent(r.t), append(args, more...)...)
}

// frameOf is a frame as a node would send it: documents of these numbers.
func (r *rig) frameOf(node string, seq, docs int, journaled time.Time) message.Message {
	b := frame.NewBuilder(1)
	for i := range docs {
		b.Var(fmt.Appendf(nil, `{"create":{"_index":%q,"_id":"%s-%d-%d"}}`+"\n", r.stream, node, seq, i))
		b.Var(fmt.Appendf(nil, `{"@timestamp":"%s","body":{"text":"%s %d %d"}}`+"\n", journaled.UTC().Format(time.RFC3339Nano), node, seq, i))
		b.EndDoc(1, journaled.UnixNano())
	}
	s := b.Seal(frame.Meta{Class: "default"})
	s.Meta.Seq, s.Meta.JournalTime = uint64(seq), journaled.UnixNano()
	return message.New(message.Origin{Journal: node, Node: node},
		message.Piece{Meta: &s.Meta, Docs: docs, PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}, nil)
}

// publish puts a message into the queue, durably when it returns.
func (r *rig) publish(m message.Message) {
	r.t.Helper()
	confirm, err := r.channel.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{
		ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, MessageId: m.ID, Timestamp: m.Timestamp,
		DeliveryMode: amqp.Persistent, Headers: m.Headers, Body: m.Body,
	})
	r.must(err)
	if !confirm.Wait() {
		r.t.Fatal("the broker did not take a message")
	}
}

// stored waits until Elasticsearch has so many documents and the queue none.
func (r *rig) stored(want int, gateway *testkit.Process) {
	r.t.Helper()
	testkit.Grows(r.t, "Elasticsearch has everything", want, func() (int, string) {
		if !gateway.Running() {
			r.t.Fatalf("the gateway has ended\n%s", gateway.Tail())
		}
		return r.es.Count(r.stream+"*", "*"), gateway.Tail()
	})
	testkit.Eventually(r.t, "the queue is empty", func() (bool, string) {
		q := r.broker.Queue(queue)
		return q.Messages == 0, fmt.Sprintf("%+v\n%s", q, gateway.Tail())
	})
	if n := r.es.Count(r.stream+"*", "*"); n != want {
		r.t.Errorf("Elasticsearch has %d documents, want %d", n, want)
	}
}
