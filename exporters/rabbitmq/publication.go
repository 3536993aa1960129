package rabbitmq

import (
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// mail is a message with its address.
type mail struct {
	key     string
	message amqp.Publishing
}

// fate is what became of a message.
type fate uint8

const (
	// lost: the channel ended before it was confirmed. The broker may have it.
	lost fate = iota
	// stored: confirmed and not returned.
	stored
	// returned: no queue takes its key.
	returned
	// refused: confirmed negatively.
	refused
)

// publication is what was published together.
type publication struct {
	id string
	// at is when, and took how long it took to be confirmed.
	at   time.Time
	took time.Duration
	// done is closed when fates has the outcome of each message.
	done  chan struct{}
	fates []fate
	// bag has the documents that it is of, in mode document.
	bag *postbag
}

// pending is what was published under an id on this session and nobody has
// had the outcome of: it must not be published once more. Nil when there is
// none.
func (s *session) pending(id string) *publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unanswered[id]
}

// answered forgets a publication.
func (s *session) answered(p *publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unanswered, p.id)
}

// publish begins to publish mails, which are then the session's; release is
// called when they have been written.
func (s *session) publish(exchange, id string, mails []mail, release func()) *publication {
	p := &publication{id: id, at: time.Now(), done: make(chan struct{}), fates: make([]fate, len(mails))}
	s.mu.Lock()
	s.unanswered[id] = p
	s.mu.Unlock()
	s.goes.Go(func() {
		confirms := s.write(exchange, mails)
		release()
		s.await(p, mails, confirms)
	})
	return p
}

// write publishes mails, up to the first that fails. That may block for as long
// as the socket takes nothing, which the connection bounds.
func (s *session) write(exchange string, mails []mail) []*amqp.DeferredConfirmation {
	confirms := make([]*amqp.DeferredConfirmation, 0, len(mails))
	for i := range mails {
		c, err := s.channel.PublishWithDeferredConfirm(exchange, mails[i].key, true, false, mails[i].message)
		if errors.Is(err, amqp.ErrClosed) {
			break // Nothing of it is written, and why the channel was closed is about to be noted.
		}
		if err != nil {
			// Half of the message may have been written.
			s.fail(err)
			break
		}
		confirms = append(confirms, c)
	}
	return confirms
}

// await waits until the broker has confirmed all, or the channel has ended: the
// library then confirms the rest negatively. A return comes before its confirm
// (RabbitMQ, "Publisher Confirms").
func (s *session) await(p *publication, mails []mail, confirms []*amqp.DeferredConfirmation) {
	for _, c := range confirms {
		<-c.Done()
	}
	p.took = time.Since(p.at)
	s.noted()
	// Closed is what the channel was before the library confirms in its place.
	closed := s.channel.IsClosed()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range confirms {
		p.fates[i] = s.fate(mails[i].message.MessageId, c.Acked(), closed)
	}
	for i := range mails {
		delete(s.back, mails[i].message.MessageId)
	}
	close(p.done)
}

func (s *session) fate(id string, acked, closed bool) fate {
	_, back := s.back[id]
	switch {
	case back:
		return returned
	case acked:
		return stored
	case closed:
		return lost
	}
	return refused
}
