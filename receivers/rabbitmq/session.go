package rabbitmq

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// session is a consumer's life on one connection. It is the origin of the
// frames that it hands to the journal. But for Acknowledge it belongs to one
// goroutine.
type session struct {
	*consumer
	link link
	book book
	// deliveries is nil while no messages are asked for. shrinking says that
	// they end because too many may be in memory.
	deliveries <-chan *arrival
	shrinking  bool
	// closed is done when the link is, for its reason.
	closed  context.Context
	builder *frame.Builder

	mu      sync.Mutex
	settled []uint64
}

// Acknowledge implements frame.Origin.
func (s *session) Acknowledge(tag uint64) {
	s.held.Add(-1)
	s.mu.Lock()
	s.settled = append(s.settled, tag)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// errEnded is why a session ends of which the broker wants no more.
var errEnded = errors.New("the broker has ended the consumer, as it does when the queue is deleted or its leader is gone")

// run takes messages until receiving ends, and settles them until acknowledging
// ends. It returns early when the link does.
func (s *session) run(receiving, acknowledging context.Context) error {
	defer s.link.Close()
	var end context.CancelCauseFunc
	s.closed, end = context.WithCancelCause(acknowledging)
	defer end(nil)
	watching := make(chan struct{})
	defer func() { end(nil); <-watching }()
	go func() {
		defer close(watching)
		select {
		case reason := <-s.link.Closed():
			end(closedFor(reason))
		case <-s.closed.Done():
		}
	}()
	for receiving.Err() == nil {
		if err := s.step(receiving); err != nil {
			return err
		}
	}
	return s.finish()
}

func closedFor(reason *amqp.Error) error {
	if reason == nil {
		return amqp.ErrClosed
	}
	return reason
}

// step waits for what is next, and does it.
func (s *session) step(receiving context.Context) error {
	if err := s.begin(receiving); err != nil {
		return err
	}
	deadline, stop := s.deadline()
	defer stop()
	select {
	case d, ok := <-s.deliveries:
		return s.delivered(receiving, d, ok)
	case <-s.wake:
		return s.acknowledge()
	case <-deadline:
		return s.giveBack()
	case <-s.closed.Done():
		return context.Cause(s.closed)
	case <-receiving.Done():
		return nil
	}
}

// begin asks for messages when nothing is left of those before.
func (s *session) begin(receiving context.Context) (err error) {
	if s.deliveries != nil || len(s.book.entries) > 0 || s.held.Load() > 0 {
		return nil
	}
	s.window.set(s.window.wanted())
	if s.deliveries, err = s.link.Consume(receiving, s.queue, s.window.limit); err != nil {
		return err
	}
	s.shrinking = false
	s.figures.works()
	s.log.Info("taking messages from RabbitMQ", "address", s.link.Address(), "prefetch", s.window.limit)
	s.figures.change(func(st *Stats) { st.Consuming, st.Prefetch = true, s.window.limit })
	return nil
}

// deadline fires when the oldest delivery has waited for too long.
func (s *session) deadline() (<-chan time.Time, func()) {
	oldest := s.book.oldest()
	if oldest.IsZero() {
		return nil, func() {}
	}
	t := time.NewTimer(time.Until(oldest.Add(s.returnAfter)))
	return t.C, func() { t.Stop() }
}

// acknowledge tells the broker of what the journal has acknowledged.
func (s *session) acknowledge() error {
	s.mu.Lock()
	tags := s.settled
	s.settled = nil
	s.mu.Unlock()
	for _, tag := range tags {
		s.book.settle(tag, acknowledged)
	}
	return s.settle()
}

// settle tells the broker of the deliveries that are settled.
func (s *session) settle() error {
	tag, done, dead := s.book.settled()
	if tag == 0 {
		return nil
	}
	s.note(func(st *Stats) { st.Acknowledged += uint64(done); st.Dead += uint64(dead) })
	return s.link.Ack(tag)
}

// note changes the figures with what the book says.
func (s *session) note(fn func(*Stats)) {
	s.figures.change(func(st *Stats) {
		fn(st)
		st.Outstanding, st.Oldest = len(s.book.entries), s.book.oldest()
	})
}

// delivered takes what comes from the channel of deliveries.
func (s *session) delivered(receiving context.Context, d *arrival, ok bool) error {
	switch {
	case !ok && s.shrinking:
		s.deliveries = nil
		return nil
	case !ok && s.closed.Err() != nil:
		return context.Cause(s.closed)
	case !ok:
		return errEnded
	}
	if err := s.take(receiving, d); err != nil {
		return err
	}
	return s.resize()
}

// resize ends deliveries, which begin again with another limit when those in
// hand are settled.
func (s *session) resize() error {
	if s.shrinking || s.deliveries == nil || s.window.wanted() == s.window.limit {
		return nil
	}
	s.shrinking = true
	s.pause()
	return s.link.Cancel(s.closed)
}

func (s *session) pause() { s.figures.change(func(st *Stats) { st.Consuming = false }) }

// besides is about what a message takes in memory besides its body: its
// properties and headers, and the metadata of its frame.
const besides = 1 << 10

// take hands a message on. One that does not fit beside those that wait goes
// back, so that the journal has room for each that is handed on.
func (s *session) take(receiving context.Context, d *arrival) error {
	size := len(d.Body) + besides
	s.window.note(size)
	if s.book.bytes+int64(size) > s.window.budget && len(s.book.entries) > 0 {
		s.note(func(st *Stats) { st.received(d); st.Returned++ })
		return s.link.Nack(d.DeliveryTag, true)
	}
	s.book.add(d.DeliveryTag, size, d.at)
	f, poison := s.open(&d.Delivery)
	s.note(func(st *Stats) {
		st.received(d)
		if f != nil {
			st.Documents += uint64(f.Meta.Docs)
		}
	})
	if poison != nil {
		return s.bury(receiving, d, poison)
	}
	return s.hand(receiving, f)
}

// received counts a delivery.
func (st *Stats) received(d *arrival) {
	st.Received++
	st.Bytes += uint64(len(d.Body))
	if d.Redelivered {
		st.Redelivered++
	}
}

// hand gives a frame to the journal, which may have to wait for room for as
// long as deliveries may wait.
func (s *session) hand(receiving context.Context, f *frame.Sealed) error {
	ctx, cancel := s.patience(receiving)
	defer cancel()
	s.held.Add(1)
	err := s.journal.Append(ctx, f)
	if err == nil {
		return nil
	}
	s.held.Add(-1)
	return s.interrupted(receiving, ctx, err)
}

// patience ends with the session, with receiving, and when the oldest delivery
// has waited for too long.
func (s *session) patience(receiving context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadlineCause(s.closed, s.book.oldest().Add(s.returnAfter), errWaited)
	stop := context.AfterFunc(receiving, cancel)
	return ctx, func() { stop(); cancel() }
}

var errWaited = errors.New("messages have waited for too long")

// interrupted is what follows when a message could not be handed on in time. It
// is in the book, and goes back with the others.
func (s *session) interrupted(receiving, ctx context.Context, err error) error {
	switch {
	case receiving.Err() != nil:
		return nil
	case context.Cause(ctx) == errWaited:
		return s.giveBack()
	}
	return err
}
