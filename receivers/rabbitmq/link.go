package rabbitmq

import (
	"context"
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
	err = conn.Ask(ctx, func() (err error) {
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

// consumerTag names the one consumer of a channel.
const consumerTag = "tailrace"

// Consume implements link.
func (b *broker) Consume(ctx context.Context, queue string, prefetch int) (<-chan *arrival, error) {
	var in <-chan amqp.Delivery
	err := b.conn.Ask(ctx, func() (err error) {
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
	return b.conn.Ask(ctx, func() error { return b.channel.Cancel(consumerTag, false) })
}

// Ack implements link.
func (b *broker) Ack(tag uint64) error { return b.channel.Ack(tag, true) }

// Nack implements link.
func (b *broker) Nack(tag uint64, requeue bool) error { return b.channel.Nack(tag, tag == 0, requeue) }

// Closed implements link.
func (b *broker) Closed() <-chan *amqp.Error { return b.closed }

// Close implements link. The broker takes back what has no answer.
func (b *broker) Close() { b.conn.Leave() }

// Address implements link.
func (b *broker) Address() string { return b.conn.Address }
