// Package refqueue is the yardstick ref-queue: an agent as one writes it that
// publishes to RabbitMQ. Each line is decoded and encoded with the standard
// library, as ref-std does, and each document is a persistent message of its
// own that the broker confirms.
package refqueue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/bench/reference"
	"github.com/tailrace/tailrace/bench/refstd"
)

// Queue is where the documents go: a quorum queue, as the agent's is.
const Queue = "ref-queue"

// ahead is how many messages may be without a confirm: with one at a time, it
// would wait most of its life.
const ahead = 500

// Run publishes the file to the broker at the configuration's URL and returns
// when everything is confirmed.
func Run(c reference.Config) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := amqp.Dial(c.URL)
	if err != nil {
		return err
	}
	defer conn.Close()
	p, err := newPublisher(conn)
	if err != nil {
		return err
	}
	documents := refstd.New(c.Kind, c.Pod)
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for n := 0; in.Scan() && (c.Lines == 0 || n < c.Lines); n++ {
		_, doc, err := documents.Document(in.Text())
		if err != nil {
			return err
		}
		if err := p.publish(doc); err != nil {
			return err
		}
	}
	return errors.Join(in.Err(), p.settle(0))
}

// publisher has messages on their way, oldest first.
type publisher struct {
	channel *amqp.Channel
	pending []*amqp.DeferredConfirmation
}

func newPublisher(conn *amqp.Connection) (*publisher, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	if _, err := ch.QueueDeclare(Queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		return nil, err
	}
	return &publisher{channel: ch}, ch.Confirm(false)
}

func (p *publisher) publish(doc []byte) error {
	d, err := p.channel.PublishWithDeferredConfirm("", Queue, true, false,
		amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: doc})
	if err != nil {
		return err
	}
	p.pending = append(p.pending, d)
	return p.settle(ahead)
}

// settle waits until at most so many messages are without a confirm.
func (p *publisher) settle(most int) error {
	for len(p.pending) > most {
		ok, err := p.pending[0].WaitContext(context.Background())
		if err != nil || !ok {
			return fmt.Errorf("the broker did not take a document: %w", errors.Join(err, errors.New("no confirm")))
		}
		p.pending = p.pending[1:]
	}
	return nil
}
