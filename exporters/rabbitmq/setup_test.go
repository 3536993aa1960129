package rabbitmq

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// brokers are shared by the tests of this package, which take turns.
type brokers struct{ plain rabbitmq.Shared }

var shared = brokers{plain: rabbitmq.Shared{Options: rabbitmq.Options{TLS: true, Settings: []string{"max_message_size = 1000000"}}}}

func TestMain(m *testing.M) {
	code := m.Run()
	shared.plain.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var origin = message.Origin{Journal: "0123abcd", Node: "node-1"}

// configFor reaches a broker.
func configFor(b *rabbitmq.Broker) Config {
	c := DefaultConfig()
	for _, n := range b.Nodes {
		c.Broker.Endpoints = append(c.Broker.Endpoints, "amqp://"+n.Address)
	}
	c.Broker.VHost, c.Broker.User, c.Broker.Password = b.VirtualHost, rabbitmq.User, rabbitmq.Password
	return c
}

// exporterOf makes an exporter that ends with the test.
func exporterOf(t *testing.T, c Config) *Exporter {
	t.Helper()
	e, err := New(c, origin, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	e.patience.blocked = 100 * time.Millisecond
	t.Cleanup(func() { e.Close() })
	return e
}

// frameOf is a frame of documents for the data stream logs-nginx.access.otel-shop.
func frameOf(seq uint64, texts ...string) *frame.Sealed {
	b := frame.NewBuilder(1)
	for i, text := range texts {
		b.AddDoc(frame.Doc{
			Action: fmt.Appendf(nil, `{"create":{"_index":"logs-nginx.access.otel-shop","_id":"%d-%d"}}`, seq, i),
			Source: fmt.Appendf(nil, `{"body":{"text":%q}}`, text),
		})
	}
	s := b.Seal(frame.Meta{Class: "default"})
	s.Meta.Seq, s.Meta.JournalTime = seq, time.Now().UnixNano()
	return s
}

func requestOf(s *frame.Sealed) *shipping.Request {
	return &shipping.Request{Parts: []shipping.Part{{
		Frame: &s.Meta, Docs: int(s.Meta.Docs), PlainSize: int(s.Meta.PlainSize), Payload: bytes.Clone(s.Payload)}}}
}

// limit is how long a test waits for what comes soon on an idle machine.
const limit = time.Minute

func export(t *testing.T, e *Exporter, s *frame.Sealed) *shipping.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, err := e.Export(ctx, requestOf(s))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// isStored says that an answer stored every document of n.
func isStored(r *shipping.Response, n int) bool {
	for _, o := range r.Outcomes {
		if o != shipping.Stored {
			return false
		}
	}
	return r.Verdict == shipping.Answered && len(r.Outcomes) == n
}

func mustStore(t *testing.T, e *Exporter, s *frame.Sealed) {
	t.Helper()
	if r := export(t, e, s); !isStored(r, int(s.Meta.Docs)) {
		t.Fatalf("not stored: %+v", r)
	}
}

// eventually exports until the answer is as wanted.
func eventually(t *testing.T, e *Exporter, s *frame.Sealed, wanted func(*shipping.Response) bool) *shipping.Response {
	t.Helper()
	var r *shipping.Response
	for end := time.Now().Add(limit); ; {
		if r = export(t, e, s); wanted(r) {
			return r
		}
		if time.Now().After(end) {
			t.Fatalf("the last answer is %+v", r)
		}
		time.Sleep(20 * time.Millisecond) // the shipper's back-off
	}
}

// storedAtLast exports until it is stored.
func storedAtLast(t *testing.T, e *Exporter, s *frame.Sealed) {
	t.Helper()
	eventually(t, e, s, func(r *shipping.Response) bool { return isStored(r, int(s.Meta.Docs)) })
}

// denied exports until a person is asked for, with words in reason or cure.
func denied(t *testing.T, e *Exporter, s *frame.Sealed, words ...string) {
	t.Helper()
	r := eventually(t, e, s, func(r *shipping.Response) bool { return r.Verdict != shipping.Unavailable })
	for _, word := range words {
		if r.Verdict != shipping.Denied || r.Cure == "" || !strings.Contains(r.Reason+"; "+r.Cure, word) {
			t.Errorf("%q is not in %+v", word, r)
		}
	}
}

// client is a connection of the test's own.
func client(t *testing.T, b *rabbitmq.Broker) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(b.URL(b.Nodes[0]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// receive takes n messages from a queue.
func receive(t *testing.T, ch *amqp.Channel, queue string, n int) []amqp.Delivery {
	t.Helper()
	if err := ch.Qos(n, 0, false); err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.Consume(queue, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []amqp.Delivery
	timeout := time.After(limit)
	for len(all) < n {
		select {
		case d, ok := <-deliveries:
			if !ok {
				t.Fatal("the queue is gone")
			}
			all = append(all, d)
		case <-timeout:
			t.Fatalf("%d messages of %d", len(all), n)
		}
	}
	return all
}

// parse reads a delivery as the gateway does.
func parse(d amqp.Delivery) (*message.Frame, error) {
	return message.Parse(&message.Message{ID: d.MessageId, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		Timestamp: d.Timestamp, Headers: d.Headers, Body: d.Body})
}

// noise is a text of about n bytes that does not compress.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n*3/4)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(b)
}
