package rabbitmq

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// exportDocuments publishes the documents of a frame, each as a message.
func (e *Exporter) exportDocuments(ctx context.Context, s *session, part *shipping.Part) (*shipping.Response, error) {
	piece := pieceOf(part)
	id := message.ID(e.origin, piece)
	piece.Meta.PlainSize = uint32(part.PlainSize)
	plain, err := frame.Inflate(nil, part.Payload, piece.Meta)
	if err != nil {
		return nil, fmt.Errorf("a frame cannot be read again: %w", err)
	}
	b := &postbag{exporter: e, meta: piece.Meta, id: id}
	b.fill(plain)
	if len(b.mails) == 0 {
		return b.answer(s, nil), nil
	}
	p, r, err := e.deliver(ctx, s, id, func(id string) *publication {
		p := s.publish(e.config.Exchange, id, b.mails, func() {})
		p.bag = b
		return p
	})
	if p == nil {
		return r, err
	}
	e.count(p)
	e.renew(s, p)
	return p.bag.fate(s, p.fates), nil
}

// fate is the answer for documents that were published.
func (b *postbag) fate(s *session, fates []fate) *shipping.Response {
	if slices.ContainsFunc(fates, func(f fate) bool { return f != lost }) {
		return b.answer(s, fates)
	}
	<-s.ended
	b.exporter.limit.learn(s.cause())
	return b.exporter.refusal(s.cause())
}

// postbag is the documents of one request.
type postbag struct {
	exporter *Exporter
	meta     *frame.Meta
	id       string
	mails    []mail
	// docs are the numbers of the documents in mails, oversized those that are
	// larger than the broker takes.
	docs      []int
	oversized map[int]int
	parser    fastjson.Parser
}

// fill makes mails of documents, whose bytes are parts of plain.
func (b *postbag) fill(plain []byte) {
	for i, doc := range frame.Documents(plain) {
		if b.exporter.limit.passed(len(doc.Source)) {
			if b.oversized == nil {
				b.oversized = map[int]int{}
			}
			b.oversized[i] = len(doc.Source)
			continue
		}
		b.mails, b.docs = append(b.mails, b.mail(i, doc)), append(b.docs, i)
	}
}

// maxID is the length of a message's id (AMQP 0-9-1, 4.2.5.3). Elasticsearch's
// have at most 512 bytes.
const maxID = 255

func (b *postbag) mail(i int, doc frame.Doc) mail {
	id, namespace, dataset := b.action(doc.Action)
	if id == "" || len(id) > maxID {
		id = fmt.Sprintf("%s-%d", b.id, i)
	}
	return mail{b.exporter.keys.document(namespace, dataset), amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: id,
		Timestamp: time.Unix(0, b.meta.JournalTime), AppId: appID, Body: doc.Source,
		Headers: amqp.Table{message.HeaderNode: b.exporter.origin.Node, message.HeaderClass: b.meta.Class},
	}}
}

// action finds a document's id and its data stream, TYPE-DATASET-NAMESPACE, the
// dataset without the ending that the mapping gives it.
func (b *postbag) action(line []byte) (id, namespace, dataset string) {
	v, err := b.parser.ParseBytes(line)
	if err != nil {
		return "", "", ""
	}
	v.GetObject().Visit(func(_ []byte, op *fastjson.Value) {
		id = string(op.GetStringBytes("_id"))
		_, rest, _ := bytes.Cut(op.GetStringBytes("_index"), []byte("-"))
		set, space, _ := bytes.Cut(rest, []byte("-"))
		dataset, namespace = strings.TrimSuffix(string(set), ".otel"), string(space)
	})
	return id, namespace, dataset
}

// answer says of each document what became of it.
func (b *postbag) answer(s *session, fates []fate) *shipping.Response {
	r := &shipping.Response{Outcomes: make([]shipping.Outcome, len(b.docs)+len(b.oversized))}
	next := 0
	for i := range r.Outcomes {
		if size, large := b.oversized[i]; large {
			why := b.exporter.oversized(size)
			b.explain(r, i, shipping.Rejected, shipping.ItemError{Status: why.Status, Type: "too_large", Reason: why.Reason})
			continue
		}
		b.outcome(r, s, next, fates[next])
		next++
	}
	return r
}

// outcome makes an outcome of the fate of a mail. A document that no queue takes
// waits apart from the others where only a person can bind one.
func (b *postbag) outcome(r *shipping.Response, s *session, mail int, f fate) {
	e, doc := b.exporter, b.docs[mail]
	switch f {
	case stored:
	case returned:
		why := e.unroutable(s, b.mails[mail].key)
		o := shipping.Busy
		if why.Verdict == shipping.Denied {
			o, r.Cure = shipping.Refused, why.Cure
		}
		b.explain(r, doc, o, shipping.ItemError{Status: why.Status, Type: "unroutable", Reason: why.Reason})
	case refused:
		b.explain(r, doc, shipping.Busy, shipping.ItemError{Type: "refused", Reason: unconfirmed().Reason})
	default:
		<-s.ended
		e.limit.learn(s.cause())
		b.explain(r, doc, shipping.Busy, shipping.ItemError{Type: "unconfirmed", Reason: s.cause().Error()})
	}
}

func (b *postbag) explain(r *shipping.Response, doc int, o shipping.Outcome, why shipping.ItemError) {
	why.Doc = doc
	r.Outcomes[doc] = o
	r.Errors = append(r.Errors, why)
}
