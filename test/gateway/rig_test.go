// Package gateway runs the real agent as a gateway between a real RabbitMQ and
// a real Elasticsearch, or a sink where it matters only what is stored.
package gateway

import (
	"cmp"
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
	brokers = rabbitmq.Shared{Options: rabbitmq.Options{TLS: true}}
)

func TestMain(m *testing.M) {
	status := m.Run()
	server.Stop()
	brokers.Stop()
	os.Exit(status)
}

const queue = "tailrace"

// rig is a broker with a queue, and what a gateway needs.
type rig struct {
	*testkit.Rig
	t      *testing.T
	broker *rabbitmq.Broker
	// channel publishes to the queue.
	channel *amqp.Channel
	// stream is the data stream of the test's documents.
	stream  string
	builder *frame.Builder
	configs []string
	// binary is the agent's, the usual one when it is empty.
	binary string
	starts int
}

// newRig makes a rig whose gateways have no configuration yet.
func newRig(t *testing.T) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the real agent and a real broker; make test runs it")
	}
	testkit.Agent(t) // It is built before anything runs.
	r := &rig{t: t, broker: brokers.Take(t), stream: "logs-generic.otel-gateway", builder: frame.NewBuilder(1)}
	r.Rig = testkit.NewRig(t)
	conn, err := amqp.Dial(r.broker.URL(r.broker.Nodes[0]))
	r.must(err)
	t.Cleanup(func() { conn.Close() })
	r.channel, err = conn.Channel()
	r.must(err)
	r.must(r.channel.Confirm(false))
	_, err = r.channel.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	r.must(err)
	return r
}

// configure has gateways deliver to an address, in small requests, as the keys
// of the exporter say.
func (r *rig) configure(url string, exporter ...string) {
	r.t.Helper()
	keys := fmt.Sprintf("endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}, retry: {initial_interval: 100ms, max_interval: 1s}", url)
	for _, key := range exporter {
		keys += ", " + key
	}
	r.configs = []string{r.Configure(fmt.Sprintf(`
receivers:
  rabbitmq: {endpoints: ["amqp://%s"], vhost: %q, user: %s, password: %s, queue: %s, return_after: 1m}
exporters:
  elasticsearch: {%s}
`, r.broker.Nodes[0].Address, r.broker.VirtualHost, rabbitmq.User, rabbitmq.Password, queue, keys),
		"    logs: {receivers: [rabbitmq], exporters: [elasticsearch]}\n")}
	r.override("service: {journal: {type: memory, max_size: 16MiB}}")
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// override changes the gateways that are started from then on.
func (r *rig) override(yaml string) { r.configs = append(r.configs, "yaml:"+yaml) }

// flags name the configuration.
func (r *rig) flags(command string, more ...string) []string {
	args := []string{command}
	for _, c := range r.configs {
		args = append(args, "--config", c)
	}
	return append(args, more...)
}

// start runs a gateway.
func (r *rig) start(more ...string) *testkit.Process {
	r.t.Helper()
	r.starts++
	return r.Start(fmt.Sprintf("gateway-%d", r.starts), cmp.Or(r.binary, testkit.Agent(r.t)), r.flags("run", more...)...)
}

// says is what a command prints that has to succeed.
func (r *rig) says(command string, more ...string) string {
	r.t.Helper()
	out, code := testkit.Output(r.t, testkit.Agent(r.t), r.flags(command, more...)...)
	if code != 0 {
		r.t.Errorf("tailrace %s ended with status %d\n%s", command, code, out)
	}
	return out
}

// documents are pairs of lines as a node makes them, for a test's stream.
func (r *rig) documents(node string, seq, docs int, at time.Time) (plain [][2]string) {
	for i := range docs {
		plain = append(plain, [2]string{
			fmt.Sprintf(`{"create":{"_index":%q,"_id":"%s-%d-%d"}}`, r.stream, node, seq, i),
			fmt.Sprintf(`{"@timestamp":"%s","body":{"text":"%s %d %d"}}`, at.UTC().Format(time.RFC3339Nano), node, seq, i),
		})
	}
	return plain
}

// frameOf is a frame as a node would send it.
func (r *rig) frameOf(node string, seq, docs int, journaled time.Time) message.Message {
	for _, d := range r.documents(node, seq, docs, journaled) {
		r.builder.Var([]byte(d[0] + "\n" + d[1] + "\n"))
		r.builder.EndDoc(1, journaled.UnixNano())
	}
	s := r.builder.Seal(frame.Meta{Class: "default"})
	s.Meta.Seq, s.Meta.JournalTime = uint64(seq), journaled.UnixNano()
	return message.New(message.Origin{Journal: node, Node: node},
		message.Piece{Meta: &s.Meta, Docs: docs, PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}, nil)
}

// publish puts messages into the queue, durably when it returns.
func (r *rig) publish(all ...message.Message) {
	r.t.Helper()
	var confirms []*amqp.DeferredConfirmation
	for _, m := range all {
		confirm, err := r.channel.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{
			ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, MessageId: m.ID, Timestamp: m.Timestamp,
			DeliveryMode: amqp.Persistent, Headers: m.Headers, Body: m.Body,
		})
		r.must(err)
		confirms = append(confirms, confirm)
	}
	for _, c := range confirms {
		if !c.Wait() {
			r.t.Fatal("the broker did not take a message")
		}
	}
}

// publishFrames puts frames of 50 documents into the queue, of a node's numbers
// from one to another.
func (r *rig) publishFrames(node string, from, to int) {
	r.t.Helper()
	now := time.Now()
	for seq := from; seq < to; seq++ {
		r.publish(r.frameOf(node, seq, 50, now))
	}
}

// acknowledged waits until a gateway has acknowledged so many messages.
func (r *rig) acknowledged(gateway *testkit.Process, n int) {
	r.t.Helper()
	testkit.Grows(r.t, "messages are acknowledged", n, func() (int, string) {
		f, err := r.Figures()
		if err != nil {
			return 0, err.Error()
		}
		return f.Sum("tailrace_receiver_messages_total", `outcome="acknowledged"`), gateway.Tail()
	})
}

// empty waits until the queue has no messages.
func (r *rig) empty(gateway *testkit.Process) {
	r.t.Helper()
	testkit.Eventually(r.t, "the queue is empty", func() (bool, string) {
		q := r.broker.Queue(queue)
		return q.Messages == 0, fmt.Sprintf("%+v\n%s", q, gateway.Tail())
	})
}

// has waits until the queue has so many messages, none of them with a consumer.
func (r *rig) has(n int) {
	r.t.Helper()
	testkit.Eventually(r.t, fmt.Sprintf("the queue has %d messages", n), func() (bool, string) {
		q := r.broker.Queue(queue)
		return q.Messages == n && q.Ready == n, fmt.Sprintf("%+v", q)
	})
}

// held waits until a gateway has messages in hand.
func (r *rig) held(gateway *testkit.Process) {
	r.t.Helper()
	testkit.Eventually(r.t, "messages are in hand", func() (bool, string) {
		q := r.broker.Queue(queue)
		return q.Consumers > 0 && q.Messages > q.Ready, gateway.Tail()
	})
}

// arrived waits until a sink has so many documents and the queue none.
func (r *rig) arrived(s *testkit.Sink, want int, gateway *testkit.Process) {
	r.t.Helper()
	r.Drained(s, gateway, want)
	r.empty(gateway)
	if n := s.Stats().Stored; n != want {
		r.t.Errorf("the sink has %d documents, want %d", n, want)
	}
}
