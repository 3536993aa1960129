package rabbitmq

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// session is a connection to the broker with the one channel that messages are
// published on, from its making to its end. Whatever ends the channel ends the
// session.
type session struct {
	conn    *amqpconn.Connection
	channel *amqp.Channel
	// goes is what runs, of all sessions of an exporter.
	goes *sync.WaitGroup

	// ended is closed when nothing can be published any more and all that came
	// before is noted.
	ended chan struct{}
	// settle asks for all that has come by now to be noted.
	settle chan chan struct{}
	// stale says that the topology is not as it was declared.
	stale atomic.Bool

	mu sync.Mutex
	// err is why it ended.
	err error
	// back has why messages were returned, by their ids.
	back map[string]string
	// unanswered are publications nobody has had the outcome of, by their ids.
	unanswered map[string]*publication
	blockage
}

// blockage is whether the broker takes nothing for now: it has stopped to read
// what publishers send (RabbitMQ, "Blocked Connection Notifications").
type blockage struct {
	// reason is the broker's, empty when it does take messages.
	reason string
	since  time.Time
	// changed is closed when that is out of date.
	changed chan struct{}
}

// notices are what the broker tells without having been asked.
type notices struct {
	returns <-chan amqp.Return
	blocked <-chan amqp.Blocking
	closed  <-chan *amqp.Error
}

// noticesAhead is how many notices may wait to be noted. The library drops
// those for which there is no room for five seconds.
const noticesAhead = 256

// newSession opens the channel. The session ends with the connection.
func newSession(c *amqpconn.Connection, goes *sync.WaitGroup) (*session, error) {
	channel, err := c.Channel()
	if err != nil {
		return nil, err
	}
	s := &session{
		conn: c, channel: channel, goes: goes, ended: make(chan struct{}), settle: make(chan chan struct{}),
		back: map[string]string{}, unanswered: map[string]*publication{}, blockage: blockage{changed: make(chan struct{})},
	}
	n := notices{
		returns: channel.NotifyReturn(make(chan amqp.Return, noticesAhead)),
		blocked: c.NotifyBlocked(make(chan amqp.Blocking, noticesAhead)),
		closed:  channel.NotifyClose(make(chan *amqp.Error, 1)),
	}
	s.goes.Go(func() { s.watch(n) })
	return s, channel.Confirm(false)
}

// watch notes what the broker tells, until the channel is closed.
func (s *session) watch(n notices) {
	for {
		select {
		case r, ok := <-n.returns:
			if !ok {
				n.returns = nil // closed is next
				continue
			}
			s.noteReturn(r)
		case b, ok := <-n.blocked:
			if !ok {
				n.blocked = nil
				continue
			}
			s.noteBlockage(b)
		case done := <-s.settle:
			s.drain(n.returns)
			close(done)
		case err := <-n.closed:
			s.end(n.returns, err)
			return
		}
	}
}

// drain notes the returns that have come.
func (s *session) drain(returns <-chan amqp.Return) {
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				return
			}
			s.noteReturn(r)
		default:
			return
		}
	}
}

// end notes the last returns and why the channel was closed; without an error
// it was this side that closed it.
func (s *session) end(returns <-chan amqp.Return, err *amqp.Error) {
	if returns != nil {
		for r := range returns {
			s.noteReturn(r)
		}
	}
	s.mu.Lock()
	switch {
	case err == nil:
		s.err = cmp.Or[error](s.err, amqp.ErrClosed)
	case s.err == nil || err.Server:
		// What the broker says explains what went wrong here.
		s.err = err
	}
	s.mu.Unlock()
	close(s.ended)
}

// fail ends the session from this side, without a word to the broker.
func (s *session) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	s.conn.Sever()
}

func (s *session) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// cause is why an ended session has ended.
func (s *session) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *session) noteReturn(r amqp.Return) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back[r.MessageId] = r.ReplyText
}

func (s *session) noteBlockage(b amqp.Blocking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.blockage = blockage{changed: make(chan struct{})}
	if b.Active {
		s.reason, s.since = b.Reason, time.Now()
		if s.reason == "" {
			s.reason = "it does not say why"
		}
	}
}

// blocked is the blockage of now.
func (s *session) blocked() blockage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blockage
}

// noted returns when all that the broker told before is noted.
func (s *session) noted() {
	done := make(chan struct{})
	select {
	case s.settle <- done:
		<-done
	case <-s.ended:
	}
}
