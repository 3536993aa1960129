// Package rabbitmq takes frames out of RabbitMQ and hands them to the journal
// as they are: the gateway between nodes and Elasticsearch. The broker keeps a
// message until the journal has acknowledged its frame; when that takes too
// long, all of them go back to the broker.
package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Journal is where frames go.
type Journal interface {
	// Append waits while there is no room. The frame's origin is told when it
	// is acknowledged.
	Append(ctx context.Context, s *frame.Sealed) error
	// Withdraw drops the frames of an origin that exporters have not taken.
	Withdraw(o frame.Origin)
}

// DeadLetters is where messages go that nobody can read.
type DeadLetters interface {
	// Put keeps a message. When it says durable, the broker need not keep it
	// any more; otherwise it is left to the queue's dead-letter exchange, if
	// there is one.
	Put(ctx context.Context, p *Poison) (durable bool, err error)
}

// Poison is a message that nobody can read.
type Poison struct {
	Queue   string         `json:"queue"`
	ID      string         `json:"message_id,omitempty"`
	Type    string         `json:"content_type,omitempty"`
	Coding  string         `json:"content_encoding,omitempty"`
	Headers map[string]any `json:"headers,omitempty"`
	Reason  string         `json:"-"`
	Body    []byte         `json:"-"`
}

// Options are what a receiver needs beside its configuration.
type Options struct {
	// Name is what the broker shows its connections by.
	Name        string
	Journal     Journal
	DeadLetters DeadLetters
	// Budget is the memory for messages without an acknowledgement, in bytes.
	Budget int64
	Logger *slog.Logger
}

// Receiver consumes the queues of a configuration.
type Receiver struct{ consumers []*consumer }

// New makes a receiver. It does not connect.
func New(c Config, o Options) (*Receiver, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Receiver{}
	queues := c.queueNames()
	o.Budget /= int64(len(queues))
	for _, queue := range queues {
		log := o.Logger.With("queue", queue)
		d, err := amqpconn.NewDialer(c.Broker, o.Name, log)
		if err != nil {
			return nil, err
		}
		r.consumers = append(r.consumers, newConsumer(queue, &c, o, func(ctx context.Context) (link, error) { return dial(ctx, d) }, log))
	}
	return r, nil
}

// Run takes messages until receiving ends, and acknowledges those that were
// taken until acknowledging ends. What is left then goes back to the broker.
func (r *Receiver) Run(receiving, acknowledging context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(r.consumers))
	for i, c := range r.consumers {
		all.Go(func() { errs[i] = c.run(receiving, acknowledging) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Stats are the figures of each queue.
func (r *Receiver) Stats() []Stats {
	all := make([]Stats, len(r.consumers))
	for i, c := range r.consumers {
		all[i] = c.figures.snapshot()
	}
	return all
}
