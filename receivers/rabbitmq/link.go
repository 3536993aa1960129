package rabbitmq

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// link is a connection with one channel, as far as a session needs it.
type link interface {
	// Consume begins deliveries of a queue, of which so many may be without an
	// answer. They end when the link does, after Cancel, or when the broker
	// ends them.
	Consume(ctx context.Context, queue string, prefetch int) (<-chan *arrival, error)
	// Cancel returns when the last delivery has been handed to the receiver of
	// Consume's channel, or is about to be.
	Cancel(ctx context.Context) error
	// Ack settles all deliveries up to a tag, Nack one by its tag or, with
	// tag 0, all that are left.
	Ack(tag uint64) error
	Nack(tag uint64, requeue bool) error
	// Closed gives the reason when the link ends by itself.
	Closed() <-chan *amqp.Error
	Close()
	Address() string
}

// arrival is a delivery with the time at which it came.
type arrival struct {
	amqp.Delivery
	at time.Time
}

// broker is a link to a real one.
type broker struct {
	conn    *amqpconn.Connection
	channel *amqp.Channel
	closed  chan *amqp.Error
}

func dial(ctx context.Context, d *amqpconn.Dialer) (link, error) {
	conn, err := d.Dial(ctx)
	if err != nil {
		return nil, err
	}
	b := &broker{conn: conn, closed: make(chan *amqp.Error, 2)}
	err = b.ask(ctx, func() (err error) {
		b.channel, err = conn.Channel()
		return err
	})
	if err != nil {
		conn.Sever()
		return nil, err
	}
	// A channel may be closed without its connection, not the reverse.
	b.channel.NotifyClose(b.closed)
	return b, nil
}

// answerLimit is how long the broker may take to answer a question: for a queue
// that has no leader it may take for ever, and its heartbeats go on meanwhile.
const answerLimit = 30 * time.Second

var errNoAnswer = fmt.Errorf("the broker has not answered for %s, as it does for a queue without a leader", answerLimit)

// ask ends the connection, and so the question, when there is no answer in time
// or ctx ends.
func (b *broker) ask(ctx context.Context, question func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerLimit, errNoAnswer)
	defer cancel()
	stop := context.AfterFunc(ctx, b.conn.Sever)
	err := question()
	if !stop() {
		err = context.Cause(ctx)
	}
	return err
}

// consumerTag names the one consumer of a channel.
const consumerTag = "tailrace"

// Consume implements link.
func (b *broker) Consume(ctx context.Context, queue string, prefetch int) (<-chan *arrival, error) {
	var in <-chan amqp.Delivery
	err := b.ask(ctx, func() (err error) {
		if err = b.channel.Qos(prefetch, 0, false); err == nil {
			in, err = b.channel.Consume(queue, consumerTag, false, false, false, false, nil)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// There is room for all that the broker sends before it has an answer, so
	// that nothing waits where its age is not known.
	out := make(chan *arrival, prefetch)
	go func() {
		defer close(out)
		for d := range in {
			out <- &arrival{d, time.Now()}
		}
	}()
	return out, nil
}

// Cancel implements link.
func (b *broker) Cancel(ctx context.Context) error {
	return b.ask(ctx, func() error { return b.channel.Cancel(consumerTag, false) })
}

// Ack implements link.
func (b *broker) Ack(tag uint64) error { return b.channel.Ack(tag, true) }

// Nack implements link.
func (b *broker) Nack(tag uint64, requeue bool) error { return b.channel.Nack(tag, tag == 0, requeue) }

// Closed implements link.
func (b *broker) Closed() <-chan *amqp.Error { return b.closed }

// farewell is how long the broker may take to say good-bye.
const farewell = 2 * time.Second

// Close implements link. The broker takes back what has no answer.
func (b *broker) Close() {
	_ = b.conn.CloseDeadline(time.Now().Add(farewell))
	b.conn.Sever()
}

// Address implements link.
func (b *broker) Address() string { return b.conn.Address }
