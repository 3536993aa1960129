package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/authority"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/journal/memory"
)

// brokers is the real one that tests take turns with.
var brokers = rabbitmq.Shared{Options: rabbitmq.Options{TLS: true}}

// budget has the broker send four messages ahead at first.
const budget = 4 * largestMessage

// gateway is a receiver with a journal in memory, whose one exporter is the
// test.
type gateway struct {
	t        *testing.T
	letters  *world
	receiver *Receiver
	journal  *memory.Journal
	cursor   *memory.Cursor
	stop     func()
}

// newGateway runs one for a queue until the test ends, or stop is called.
func newGateway(t *testing.T, b *rabbitmq.Broker, queue string, changes ...func(*Config)) *gateway {
	t.Helper()
	g := &gateway{t: t, letters: &world{}, journal: memory.Open(memory.Options{MaxSize: budget})}
	var err error
	g.cursor, err = g.journal.Cursor("test", journal.CursorOptions{})
	must(t, err)
	c := DefaultConfig()
	c.Broker.Endpoints, c.Broker.VHost = []string{"amqp://" + b.Nodes[0].Address}, b.VirtualHost
	c.Broker.User, c.Broker.Password, c.Queue = rabbitmq.User, rabbitmq.Password, queue
	for _, change := range changes {
		change(&c)
	}
	g.receiver, err = New(c, Options{Name: t.Name(), Journal: g.journal, DeadLetters: g.letters, Budget: budget, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.receiver.Run(ctx, ctx) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		must(t, <-ended)
		must(t, g.journal.Close())
	})
	t.Cleanup(g.stop)
	return g
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stats are those of the first queue.
func (g *gateway) stats() Stats { return g.receiver.Stats()[0] }

// eventually waits until the figures are as wanted.
func (g *gateway) eventually(what string, is func(Stats) bool) {
	g.t.Helper()
	testkit.Eventually(g.t, what, func() (bool, string) {
		s := g.stats()
		return is(s), fmt.Sprintf("%+v", s)
	})
}

// deliver exports frames until the broker has heard of n.
func (g *gateway) deliver(n int) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	exported := make(chan struct{})
	defer func() { cancel(); <-exported }()
	go func() {
		defer close(exported)
		for {
			f, err := g.cursor.Next(ctx)
			if err != nil {
				return
			}
			var r journal.Result
			if _, err := f.Payload(nil); err == nil {
				r = journal.Result{Delivered: f.Meta.Counts.DocLines, DeliveredDocs: uint64(f.Meta.Docs)}
			}
			if err := g.cursor.Advance(f, r); err != nil {
				g.t.Error(err)
				return
			}
		}
	}()
	g.eventually("messages are delivered", func(s Stats) bool { return s.Acknowledged >= uint64(n) })
}

// fill declares a queue and puts n messages into it.
func fill(t *testing.T, b *rabbitmq.Broker, queue string, n int, arguments amqp.Table) {
	t.Helper()
	conn, err := amqp.Dial(b.URL(b.Nodes[0]))
	must(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	must(t, err)
	if arguments == nil {
		arguments = amqp.Table{}
	}
	arguments["x-queue-type"] = "quorum"
	_, err = ch.QueueDeclare(queue, true, false, false, false, arguments)
	must(t, err)
	for range n {
		d := delivery()
		publish(t, b, queue, amqp.Publishing{
			ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, Headers: d.Headers, MessageId: d.MessageId, Body: d.Body,
		})
	}
}

// publish puts a message into a queue, durably when it returns.
func publish(t *testing.T, b *rabbitmq.Broker, queue string, m amqp.Publishing) {
	t.Helper()
	conn, err := amqp.Dial(b.URL(b.Nodes[0]))
	must(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	must(t, err)
	must(t, ch.Confirm(false))
	m.DeliveryMode = amqp.Persistent
	confirm, err := ch.PublishWithDeferredConfirm("", queue, true, false, m)
	must(t, err)
	if !confirm.Wait() {
		t.Fatal("a message was not taken")
	}
}

// has waits until the queue has so many messages.
func has(t *testing.T, b *rabbitmq.Broker, queue string, n int) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("the queue has %d messages", n), func() (bool, string) {
		q := b.Queue(queue)
		return q.Messages == n && q.Ready == n, fmt.Sprintf("%+v", q)
	})
}

// Nothing is delivered for longer than the broker waits: one receiver returns
// its messages before that, and another one, which would keep them, has its
// channel closed.
func TestMessagesGoBackBeforeTheBrokerClosesTheChannel(t *testing.T) {
	b := brokers.Take(t)
	b.Set("consumer_timeout", "3000")
	fill(t, b, "patient", 10, nil)
	fill(t, b, "stubborn", 10, nil)
	patient := newGateway(t, b, "patient", func(c *Config) { c.ReturnAfter = minReturn })
	stubborn := newGateway(t, b, "stubborn")
	stubborn.eventually("the broker has closed the channel of the other", func(s Stats) bool {
		return strings.Contains(s.Reason, "timed out") && strings.Contains(s.Cure, "return_after")
	})
	patient.eventually("messages went back", func(s Stats) bool { return s.Returned > 0 && s.Outstanding == 0 })
	has(t, b, "patient", 10)
	if s := patient.stats(); s.Dropped != 0 || s.Consuming || s.Returned != s.Received {
		t.Errorf("%+v", s)
	}
	patient.deliver(10)
	has(t, b, "patient", 0)
	if s := patient.stats(); s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTheReceiverOutlivesItsBroker(t *testing.T) {
	b := brokers.Take(t)
	fill(t, b, "kept", 20, nil)
	g := newGateway(t, b, "kept")
	g.eventually("messages are in hand", func(s Stats) bool { return s.Outstanding > 0 })
	b.SaveNames()
	b.Nodes[0].Kill()
	g.eventually("the loss is noticed", func(s Stats) bool { return s.Connected == "" && s.Dropped > 0 && s.Reason != "" })
	b.Nodes[0].Restart()
	g.deliver(20)
	has(t, b, "kept", 0)
}

func TestAnotherReceiverTakesOverASingleActiveConsumer(t *testing.T) {
	b := brokers.Take(t)
	fill(t, b, "ordered", 10, amqp.Table{"x-single-active-consumer": true})
	first := newGateway(t, b, "ordered", func(c *Config) { c.Prefetch = 2 })
	first.eventually("the first has messages in hand", func(s Stats) bool { return s.Outstanding == 2 })
	second := newGateway(t, b, "ordered")
	second.eventually("the second waits", func(s Stats) bool { return s.Consuming })
	first.deliver(1)
	if s := second.stats(); s.Received != 0 {
		t.Errorf("both are served: %+v", s)
	}
	first.stop()
	left := 10 - int(first.stats().Acknowledged)
	second.deliver(left)
	has(t, b, "ordered", 0)
}

func TestSeveralReceiversShareAQueue(t *testing.T) {
	b := brokers.Take(t)
	fill(t, b, "shared", 40, nil)
	few := func(c *Config) { c.Prefetch = 4 }
	first, second := newGateway(t, b, "shared", few), newGateway(t, b, "shared", few)
	for _, g := range []*gateway{first, second} {
		g.eventually("it has its share", func(s Stats) bool { return s.Outstanding == 4 })
	}
	first.deliver(10)
	first.stop()
	second.deliver(40 - int(first.stats().Acknowledged))
	has(t, b, "shared", 0)
	if n := first.stats().Acknowledged + second.stats().Acknowledged; n != 40 {
		t.Errorf("%d messages of 40 are acknowledged", n)
	}
}

func TestARotatedPasswordIsTakenFromItsFile(t *testing.T) {
	b := brokers.Take(t)
	b.AddUser("gateway", "old")
	fill(t, b, "secret", 5, nil)
	file := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(file, []byte("old\n"), 0o600))
	g := newGateway(t, b, "secret", func(c *Config) {
		c.Broker.User, c.Broker.Password, c.Broker.PasswordFile = "gateway", "", file
	})
	g.deliver(5)
	b.ChangePassword("gateway", "new")
	b.Disconnect()
	g.eventually("it says why no messages come", func(s Stats) bool {
		return strings.Contains(s.Cure, "user and password are right") && !strings.Contains(s.Reason, "old")
	})
	must(t, os.WriteFile(file, []byte("new\n"), 0o600))
	fill(t, b, "secret", 5, nil)
	g.deliver(10)
}

func TestACertificateStandsForAUser(t *testing.T) {
	b := brokers.Take(t)
	b.AddUser(authority.Holder, "unused")
	fill(t, b, "tls", 5, nil)
	g := newGateway(t, b, "tls", func(c *Config) {
		c.Broker.Endpoints = []string{"amqps://" + b.Nodes[0].TLSAddress}
		c.Broker.Auth, c.Broker.User, c.Broker.Password = "external", "", ""
		c.Broker.TLS.CAFile, c.Broker.TLS.CertFile, c.Broker.TLS.KeyFile = b.Files.CA, b.Files.Cert, b.Files.Key
	})
	g.deliver(5)
}

func TestAMissingQueueIsSaidAndWaitedFor(t *testing.T) {
	b := brokers.Take(t)
	g := newGateway(t, b, "late")
	g.eventually("it says what is missing", func(s Stats) bool {
		return strings.Contains(s.Reason, "no queue 'late'") && strings.Contains(s.Cure, "declare what is missing")
	})
	fill(t, b, "late", 3, nil)
	g.deliver(3)
	b.DeleteQueue("late")
	g.eventually("it says that the queue is gone", func(s Stats) bool { return s.Connected == "" || s.Reason != "" })
	fill(t, b, "late", 3, nil)
	g.deliver(6)
}

func TestAQuestionWithoutAnAnswerEndsWithItsReceiver(t *testing.T) {
	b := brokers.Take(t)
	c := DefaultConfig()
	c.Broker.Endpoints, c.Broker.VHost = []string{"amqp://" + b.Nodes[0].Address}, b.VirtualHost
	c.Broker.User, c.Broker.Password = rabbitmq.User, rabbitmq.Password
	d, err := amqpconn.NewDialer(c.Broker, t.Name(), slog.New(slog.DiscardHandler))
	must(t, err)
	l, err := dial(t.Context(), d)
	must(t, err)
	defer l.Close()
	stopped := errors.New("stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	err = l.(*broker).conn.Ask(ctx, func() error {
		stop(stopped)
		<-l.Closed()
		return nil
	})
	if err != stopped {
		t.Errorf("it ended with %v", err)
	}
}

// A gateway without a disk leaves a message that nobody can read to the queue's
// dead-letter exchange.
func TestUnreadableMessagesGoToTheDeadLetterExchange(t *testing.T) {
	b := brokers.Take(t)
	fill(t, b, "dead", 0, nil)
	fill(t, b, "alive", 3, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
	publish(t, b, "alive", amqp.Publishing{ContentType: "text/plain", Body: []byte("who are you?")})
	fill(t, b, "alive", 2, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
	g := newGateway(t, b, "alive")
	g.deliver(5)
	has(t, b, "alive", 0)
	has(t, b, "dead", 1)
	g.stop()
	if s := g.stats(); s.Dead != 1 || len(g.letters.buried) != 1 {
		t.Errorf("%+v", s)
	}
}
