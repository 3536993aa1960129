package rabbitmq

import (
	"context"
	"errors"
	"time"
)

// giveBack returns all deliveries to the broker, which would close the channel
// otherwise. Messages are asked for again when the journal has nothing left of
// them: what exporters had in hand is tried on, and shows when they get on.
func (s *session) giveBack() error {
	if err := s.acknowledge(); err != nil {
		return err
	}
	if len(s.book.entries) == 0 {
		return nil
	}
	waited := time.Since(s.book.oldest())
	n, err := s.returnAll()
	s.figures.fails(errors.New("the exporters have not delivered what was taken from the queue"))
	s.log.Warn("messages go back to the broker, since they were not delivered in time; the receiver goes on when the exporters do",
		"messages", n, "waited", waited.Round(time.Millisecond), "return_after", s.returnAfter)
	return err
}

// returnAll ends deliveries and returns those without an answer, of which the
// exporters need not have what they have not taken.
func (s *session) returnAll() (n int, err error) {
	s.pause()
	if s.deliveries != nil {
		if err := s.link.Cancel(s.closed); err != nil {
			return 0, err
		}
		if n, err = s.refuse(); err != nil {
			return n, err
		}
	}
	s.journal.Withdraw(s)
	held := s.book.clear()
	s.note(func(st *Stats) { st.Returned += uint64(held) })
	if held > 0 {
		err = s.link.Nack(0, true)
	}
	return n + held, err
}

// refuse returns what still comes of a consumer that was cancelled.
func (s *session) refuse() (n int, err error) {
	for d := range s.deliveries {
		s.note(func(st *Stats) { st.received(d); st.Returned++ })
		err = errors.Join(err, s.link.Nack(d.DeliveryTag, true))
		n++
	}
	s.deliveries = nil
	return n, err
}

// finish settles what was taken until nothing is left or acknowledging ends,
// and returns the rest.
func (s *session) finish() error {
	refused := 0
	if s.deliveries != nil {
		s.pause()
		if err := s.link.Cancel(s.closed); err != nil {
			return err
		}
		var err error
		if refused, err = s.refuse(); err != nil {
			return err
		}
	}
	for s.held.Load() > 0 && s.closed.Err() == nil {
		select {
		case <-s.wake:
			if err := s.acknowledge(); err != nil {
				return err
			}
		case <-s.closed.Done():
		}
	}
	if err := s.acknowledge(); err != nil {
		return err
	}
	n, err := s.returnAll()
	if n += refused; n > 0 {
		s.log.Info("messages go back to the broker, undelivered", "messages", n)
	}
	return err
}

// buryAgain is the wait after dead letters were not taken.
const buryAgain = 5 * time.Second

// bury keeps a message that nobody can read where a person finds it.
func (s *session) bury(receiving context.Context, d *arrival, reason error) error {
	ctx, cancel := s.patience(receiving)
	defer cancel()
	p := &Poison{
		Queue: s.queue, ID: d.MessageId, Type: d.ContentType, Coding: d.ContentEncoding,
		Headers: d.Headers, Reason: reason.Error(), Body: d.Body,
	}
	for {
		durable, err := s.dead.Put(ctx, p)
		if err == nil {
			return s.buried(d, durable)
		}
		s.log.Error("a message that cannot be read cannot be kept as a dead letter either; the receiver waits", "reason", reason, "error", err)
		select {
		case <-time.After(buryAgain):
		case <-ctx.Done():
			return s.interrupted(receiving, ctx, context.Cause(ctx))
		}
	}
}

// buried answers for a message that is kept elsewhere, or leaves it to the
// queue's dead-letter exchange.
func (s *session) buried(d *arrival, durable bool) error {
	if durable {
		s.book.settle(d.DeliveryTag, buried)
		return s.settle()
	}
	s.book.remove(d.DeliveryTag)
	s.note(func(st *Stats) { st.Dead++ })
	return s.link.Nack(d.DeliveryTag, false)
}
