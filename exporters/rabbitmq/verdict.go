package rabbitmq

import (
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// refusal is the answer to a request for which there was no session, or whose
// session has ended.
func (e *Exporter) refusal(err error) *shipping.Response {
	if lossy, ok := errors.AsType[*lossyQueue](err); ok {
		return &shipping.Response{Verdict: shipping.Denied, Reason: lossy.Error(), Cure: lossy.cure}
	}
	r := &shipping.Response{Reason: err.Error(), Verdict: shipping.Unavailable}
	if broker, ok := errors.AsType[*amqp.Error](err); ok {
		r.Status = broker.Code
		if broker.Code == amqp.NotFound && e.config.Declare == declareActive {
			return r // it is declared once more
		}
	}
	if cure := amqpconn.CureOf(err); cure != "" {
		r.Verdict, r.Cure = shipping.Denied, cure
		r.Reason = strings.TrimSuffix(r.Reason, "; "+cure)
	}
	return r
}

// unroutable is the answer to a message that no queue takes: the queue or its
// binding is gone. What was declared is declared once more.
func (e *Exporter) unroutable(s *session, key string) *shipping.Response {
	r := &shipping.Response{Status: amqp.NoRoute, Signature: "unroutable",
		Reason: fmt.Sprintf("no queue takes messages with the key %s from the exchange %s", key, e.config.Exchange)}
	if e.config.Declare == declareActive && e.config.Queue != "" {
		s.stale.Store(true)
		r.Verdict = shipping.Unavailable
		return r
	}
	r.Verdict = shipping.Denied
	r.Cure = fmt.Sprintf("bind a queue to the exchange %s with the key %s, or set queue and declare: active", e.config.Exchange, keyPrefix+".#")
	return r
}

// unconfirmed is the answer to a negative confirm.
func unconfirmed() *shipping.Response {
	return &shipping.Response{Verdict: shipping.Unavailable, Signature: "refused",
		Reason: "RabbitMQ refuses messages: the queue is full, or too few of its nodes run",
		Cure:   "see whether the queue is at its max-length and who consumes it (rabbitmqctl list_queues name messages consumers)"}
}

// count notes what became of a publication.
func (e *Exporter) count(p *publication) {
	if p.fates[len(p.fates)-1] != lost {
		e.patience.confirmed(p.took)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range p.fates {
		switch f {
		case returned:
			e.figures.Returned++
		case refused:
			e.figures.Refused++
		case lost:
			e.figures.Lost++
		}
	}
}
