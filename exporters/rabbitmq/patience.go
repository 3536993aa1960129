package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

const (
	// blockedPatience is patience.blocked.
	blockedPatience = 5 * time.Second
	// maxPatience is by how much a slow link can prolong confirm_timeout, and
	// confirmRoom how much longer than the last confirm the next may take.
	maxPatience = 16
	confirmRoom = 4
)

// errOverdue is the cause of a session's end by the exporter's own limit.
var errOverdue = errors.New("a message was not confirmed in time")

// patience is how long a confirm may take: at least as configured, and more
// where that proves too short for the link, or it would never be enough.
type patience struct {
	// blocked is how long a request waits for a broker that takes nothing
	// before it is said that it does not.
	blocked time.Duration

	mu         sync.Mutex
	least, now time.Duration
}

func newPatience(least time.Duration) *patience {
	return &patience{blocked: blockedPatience, least: least, now: least}
}

func (p *patience) limit() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// confirmed notes how long a confirm took.
func (p *patience) confirmed(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = max(p.least, min(confirmRoom*took, maxPatience*p.least))
}

// exhausted notes that the limit has passed.
func (p *patience) exhausted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = min(2*p.now, maxPatience*p.least)
}

// passage waits until the broker takes messages. The answer is nil when it
// does.
func (e *Exporter) passage(ctx context.Context, s *session) (*shipping.Response, error) {
	limit := time.NewTimer(e.patience.blocked)
	defer limit.Stop()
	for {
		b := s.blocked()
		if b.reason == "" {
			return nil, nil
		}
		select {
		case <-b.changed:
		case <-s.ended:
			return e.refusal(s.cause()), nil
		case <-limit.C:
			return blockedAnswer(b), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// await waits for the outcome of a publication. While the broker is blocked it
// stays under way: its confirm will come, and the next request asks for it. One
// that is overdue for no such reason ends the session.
func (e *Exporter) await(ctx context.Context, s *session, p *publication) (*shipping.Response, error) {
	overdue := time.NewTimer(e.patience.limit())
	defer overdue.Stop()
	for {
		b := s.blocked()
		var tired <-chan time.Time
		if b.reason != "" {
			tired = time.After(e.patience.blocked)
		}
		select {
		case <-p.done:
			return nil, nil
		case <-b.changed:
		case <-tired:
			return blockedAnswer(b), nil
		case <-overdue.C:
			if b.reason != "" {
				return blockedAnswer(b), nil
			}
			e.patience.exhausted()
			s.fail(fmt.Errorf("%w (%s)", errOverdue, time.Since(p.at).Round(time.Millisecond)))
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// blockedAnswer says that the broker takes nothing.
func blockedAnswer(b blockage) *shipping.Response {
	return &shipping.Response{Verdict: shipping.Unavailable, Signature: "blocked",
		Reason: fmt.Sprintf("RabbitMQ blocks publishers: %.100q", b.reason),
		Cure:   "free memory or disk of the broker (rabbitmq-diagnostics alarms); delivery goes on by itself then"}
}

// sizeLimit is what the broker has said about the size of messages. AMQP 0-9-1
// has no way to ask.
type sizeLimit struct {
	mu    sync.Mutex
	bytes int
	until time.Time
}

// limitLifetime is how long the broker's word counts before a larger message
// is tried again: its limit may have been raised.
const limitLifetime = 10 * time.Minute

// sizeRefused is RabbitMQ's text for a message over max_message_size: "message
// size 9 is larger than configured max size 8", without "configured" where that
// is the most that can be configured (rabbit_channel.erl, check_msg_size).
var sizeRefused = regexp.MustCompile(`message size \d+\D+(\d+)`)

// learn notes the limit that an error names.
func (l *sizeLimit) learn(err error) bool {
	broker, ok := errors.AsType[*amqp.Error](err)
	if !ok || broker.Code != amqp.PreconditionFailed {
		return false
	}
	m := sizeRefused.FindStringSubmatch(broker.Reason)
	if m == nil {
		return false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.until = n, time.Now().Add(limitLifetime)
	return true
}

// now is the limit, 0 when none is known.
func (l *sizeLimit) now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.until) {
		return 0
	}
	return l.bytes
}

// passed says whether a message with so many bytes is refused.
func (l *sizeLimit) passed(size int) bool {
	limit := l.now()
	return size > cmp.Or(limit, size)
}
