package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// consumer takes the messages of one queue, one connection after another.
type consumer struct {
	queue       string
	returnAfter time.Duration
	journal     Journal
	dead        DeadLetters
	dial        func(context.Context) (link, error)
	log         *slog.Logger

	window  window
	figures figures
	// held counts the frames that the journal has of this queue, also of
	// connections that were lost. While it has some, no new session begins to
	// take messages: what is in memory has one budget.
	held atomic.Int64
	// wake holds a token when frames were acknowledged.
	wake chan struct{}
	// told is when the failure to connect was logged last, and what was.
	told     time.Time
	toldText string
}

func newConsumer(queue string, c *Config, o Options, dial func(context.Context) (link, error), log *slog.Logger) *consumer {
	r := &consumer{
		queue: queue, returnAfter: c.ReturnAfter, journal: o.Journal, dead: o.DeadLetters, dial: dial, log: log,
		window: newWindow(o.Budget, c.Prefetch), wake: make(chan struct{}, 1),
	}
	r.figures.Queue = queue
	return r
}

const (
	// minRetry doubles with each failure up to maxRetry, so that messages flow
	// again soon after the broker is back.
	minRetry = 250 * time.Millisecond
	maxRetry = 5 * time.Second
	// tellAgain is after how long the same failure is logged again.
	tellAgain = time.Minute
)

// run has one session after the other until receiving ends.
func (c *consumer) run(receiving, acknowledging context.Context) error {
	for wait := minRetry; receiving.Err() == nil; wait = min(2*wait, maxRetry) {
		begin := time.Now()
		err := c.session(receiving, acknowledging)
		if receiving.Err() != nil {
			return nil
		}
		c.failed(err)
		if time.Since(begin) > maxRetry {
			wait = minRetry
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2+1)):
		case <-receiving.Done():
		}
	}
	return nil
}

func (c *consumer) session(receiving, acknowledging context.Context) error {
	l, err := c.dial(receiving)
	if err != nil {
		return err
	}
	c.figures.change(func(s *Stats) { s.Connected = l.Address() })
	err = (&session{consumer: c, link: l}).run(receiving, acknowledging)
	c.figures.change(func(s *Stats) {
		s.Dropped += uint64(s.Outstanding)
		s.Connected, s.Consuming, s.Outstanding, s.Oldest = "", false, 0, time.Time{}
	})
	return err
}

// failed says why no messages come, now and then.
func (c *consumer) failed(err error) {
	if reason, ok := errors.AsType[*amqp.Error](err); ok && reason.Code == amqp.PreconditionFailed {
		err = amqpconn.Deny(err, "if it says that an acknowledgement has timed out: set return_after to less than the broker's consumer_timeout")
	}
	err = amqpconn.Explain(err)
	c.figures.fails(err)
	if text := err.Error(); text != c.toldText || time.Since(c.told) >= tellAgain {
		c.told, c.toldText = time.Now(), text
		c.log.Warn("no messages come from RabbitMQ; it is tried again, and the broker keeps what is not acknowledged", "error", err)
	}
}
