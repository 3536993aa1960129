package rabbitmq

import (
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
)

// open makes a frame of a delivery. An error is the message's own fault, and
// would be the same however often it is delivered.
func (s *session) open(d *amqp.Delivery) (*frame.Sealed, error) {
	sealed, err := open(d)
	if errors.Is(err, message.ErrForeign) {
		if s.builder == nil {
			s.builder = frame.NewBuilder(1)
		}
		sealed, err = foreign(d, s.builder)
	}
	if err != nil {
		return nil, err
	}
	m := &sealed.Meta
	if now := time.Now().UnixNano(); m.JournalTime > now {
		// A time to come hides copies in older indices, and now is later at the
		// next delivery.
		m.JournalTime, m.MaybeSeen = now, true
	}
	// What is in the documents is not looked at.
	m.Filter = frame.Everything
	docs := uint64(m.Docs)
	m.Counts = event.Counts{Lines: docs, DocLines: docs, Docs: docs}
	sealed.Origin, sealed.Tag = s, d.DeliveryTag
	return sealed, nil
}

// open makes a frame of a message of Tailrace's, whose bytes it keeps.
func open(d *amqp.Delivery) (*frame.Sealed, error) {
	f, err := message.Parse(&message.Message{
		ID: d.MessageId, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		Timestamp: d.Timestamp, Headers: d.Headers, Body: d.Body,
	})
	if err != nil {
		return nil, err
	}
	return &frame.Sealed{Meta: f.Meta, Payload: f.Payload}, nil
}
