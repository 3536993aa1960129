package rabbitmq

import (
	"cmp"
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// appID is who says that a message is from it.
const appID = "tailrace"

// exportFrame publishes a frame, or what is sent of one, as one message.
func (e *Exporter) exportFrame(ctx context.Context, s *session, part *shipping.Part) (*shipping.Response, error) {
	if size := bodySize(part); e.limit.passed(size) {
		return e.oversized(size), nil
	}
	piece := pieceOf(part)
	p, r, err := e.deliver(ctx, s, message.ID(e.origin, piece), func(id string) *publication {
		return e.publishFrame(s, id, piece)
	})
	if p == nil {
		return r, err
	}
	return e.frameFate(s, p, part), nil
}

// pieceOf is what is sent of a frame. Documents that waited apart from theirs
// have no class.
func pieceOf(part *shipping.Part) message.Piece {
	meta := *part.Frame
	meta.Class = cmp.Or(meta.Class, unnamed)
	return message.Piece{Meta: &meta, Docs: part.Docs, PlainSize: part.PlainSize, Payload: part.Payload}
}

// bodySize is what the broker counts of a message.
func bodySize(part *shipping.Part) int { return len(frame.WireHeader) + len(part.Payload) }

// publishFrame publishes a copy of the bytes, since the shipper's own are its
// own again when Export returns.
func (e *Exporter) publishFrame(s *session, id string, piece message.Piece) *publication {
	buf, _ := e.bodies.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	m := message.New(e.origin, piece, *buf)
	mails := []mail{{e.keys.frame(piece.Meta.Class), amqp.Publishing{
		ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, DeliveryMode: amqp.Persistent,
		MessageId: m.ID, Timestamp: m.Timestamp, AppId: appID, Headers: m.Headers, Body: m.Body,
	}}}
	return s.publish(e.config.Exchange, id, mails, func() {
		*buf, mails[0].message.Body = m.Body, nil
		e.bodies.Put(buf)
	})
}

// deliver publishes what is not on its way yet under an id, and waits for the
// outcome: a publication that is done, or none and an answer.
func (e *Exporter) deliver(ctx context.Context, s *session, id string, publish func(id string) *publication) (*publication, *shipping.Response, error) {
	p := s.pending(id)
	if p == nil {
		if r, err := e.passage(ctx, s); r != nil || err != nil {
			return nil, r, err
		}
		p = publish(id)
	}
	if r, err := e.await(ctx, s, p); r != nil || err != nil {
		return nil, r, err
	}
	s.answered(p)
	return p, nil, nil
}

// frameFate is the answer to a frame.
func (e *Exporter) frameFate(s *session, p *publication, part *shipping.Part) *shipping.Response {
	e.count(p)
	e.renew(s, p)
	switch p.fates[0] {
	case stored:
		return &shipping.Response{Outcomes: make([]shipping.Outcome, part.Docs)}
	case returned:
		return e.unroutable(s, e.keys.frame(pieceOf(part).Meta.Class))
	case refused:
		return unconfirmed()
	}
	<-s.ended
	err := s.cause()
	if size := bodySize(part); e.limit.learn(err) && e.limit.passed(size) {
		return e.oversized(size)
	}
	return e.refusal(err)
}

// oversized says that a message of a size is not taken.
func (e *Exporter) oversized(size int) *shipping.Response {
	return &shipping.Response{Verdict: shipping.TooLarge, Status: amqp.PreconditionFailed,
		Reason: fmt.Sprintf("a message of %d bytes is more than the broker's max_message_size of %d", size, e.limit.now())}
}
