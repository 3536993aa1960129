package rabbitmq

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The arguments of queues that matter here (RabbitMQ, "Queues", "Quorum
// Queues" and "Streams").
const (
	argType           = "x-queue-type"
	argOverflow       = "x-overflow"
	argDeliveryLimit  = "x-delivery-limit"
	argMaxLength      = "x-max-length"
	argMaxLengthBytes = "x-max-length-bytes"
	argMaxAge         = "x-max-age"
	argMessageTTL     = "x-message-ttl"
	argExpires        = "x-expires"
	argDeadLetter     = "x-dead-letter-exchange"

	rejectPublish = "reject-publish"
)

// settings are what a queue was declared with. Policies are not among them:
// AMQP 0-9-1 does not tell of those.
type settings struct {
	durable, autoDelete bool
	arguments           amqp.Table
}

// difference is a setting that the broker says a queue has, in its words.
type difference struct{ name, current string }

// inequivalent is RabbitMQ's text for a queue that has another setting.
var inequivalent = regexp.MustCompile(`inequivalent arg '([^']+)' for queue .* but current is (.*)$`)

// differenceIn finds what an error says about a queue's settings.
func differenceIn(err error) (difference, bool) {
	broker, ok := errors.AsType[*amqp.Error](err)
	if !ok || broker.Code != amqp.PreconditionFailed {
		return difference{}, false
	}
	m := inequivalent.FindStringSubmatch(broker.Reason)
	if m == nil {
		return difference{}, false
	}
	return difference{m[1], m[2]}, true
}

// take makes a difference part of the settings. It fails at one that says
// nothing new, or nothing that is understood.
func (s *settings) take(d difference) bool {
	value, understood := valueOf(d.current)
	if !understood {
		return false
	}
	switch d.name {
	case "durable":
		return flip(&s.durable, value)
	case "auto_delete":
		return flip(&s.autoDelete, value)
	case "exclusive":
		return false
	}
	before, given := s.arguments[d.name]
	if _, number := before.(int64); number {
		value = numbered(value)
	}
	if given && before == value || !given && value == nil {
		return false
	}
	if value == nil {
		delete(s.arguments, d.name)
		return true
	}
	s.arguments[d.name] = value
	return true
}

// numbered is the number that a text says. Of two numbers that differ the broker
// does not name the type.
func numbered(value any) any {
	text, _ := value.(string)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return value
}

// flip sets a flag and says whether that has changed it.
func flip(flag *bool, value any) bool {
	text, ok := value.(string)
	changed := ok && strconv.FormatBool(*flag) != text
	if changed {
		*flag = text == "true"
	}
	return changed
}

// typed is how the broker names a value.
var typed = regexp.MustCompile(`^the value '(.*)' of type '(\w+)'$`)

// valueOf reads a value: none, 'text', or the value 'text' of type 'type'.
func valueOf(text string) (value any, understood bool) {
	if text == "none" {
		return nil, true
	}
	m := typed.FindStringSubmatch(text)
	if m == nil {
		plain, quoted := strings.CutPrefix(text, "'")
		plain, closed := strings.CutSuffix(plain, "'")
		return plain, quoted && closed
	}
	switch m[2] {
	case "longstr":
		return m[1], true
	case "bool":
		b, err := strconv.ParseBool(m[1])
		return b, err == nil
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n, err == nil
}

// lossyQueue is a queue that would lose messages, or something else of the
// topology that must not be used as it is.
type lossyQueue struct{ text, cure string }

// Error says what is wrong.
func (q *lossyQueue) Error() string { return q.text }

// judge says by what a queue loses messages that it has confirmed, all of it.
func (t *topology) judge(name string, found settings) error {
	reasons := t.losses(found)
	if len(reasons) == 0 {
		return nil
	}
	cure := t.cure(name, found)
	_, given := found.arguments[argDeliveryLimit]
	if _, limited := t.deliveries(found.arguments); limited && !given {
		cure += "; where a policy gives it a high delivery-limit, which cannot be seen from here, set declare: passive"
	}
	return &lossyQueue{
		text: fmt.Sprintf("the queue %s would lose messages that it has confirmed: %s", name, strings.Join(reasons, "; ")),
		cure: cure,
	}
}

// cure is the way to other settings. Quorum queues and streams know no
// --if-empty (rabbit_quorum_queue.erl and rabbit_stream_queue.erl, delete).
func (t *topology) cure(name string, found settings) string {
	vhost, queue := shell(t.Broker.VHost), shell(name)
	remove := fmt.Sprintf("when it is empty, delete it with `rabbitmqctl --vhost %s delete_queue --if-empty %s`", vhost, queue)
	if kind := found.arguments[argType]; kind == queueTypeQuorum || kind == queueStream {
		remove = fmt.Sprintf("when `rabbitmqctl --vhost %s list_queues name messages` says that it is empty, delete it with `rabbitmqctl --vhost %s delete_queue %s`", vhost, vhost, queue)
	}
	return "a queue's settings cannot be changed: " + remove + ", or name another queue; with allow_lossy: true it is used as it is"
}

// shell quotes a word for a command that a person copies.
func shell(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// losses are the reasons by which a queue loses messages.
func (t *topology) losses(s settings) (reasons []string) {
	is := func(reason string, args ...any) { reasons = append(reasons, fmt.Sprintf(reason, args...)) }
	a := s.arguments
	if !s.durable {
		is("it is not durable, and is gone when the broker restarts")
	}
	if s.autoDelete {
		is("it is deleted with its last consumer (auto-delete)")
	}
	if ttl, ok := a[argMessageTTL]; ok {
		is("messages expire after %v ms (%s)", ttl, argMessageTTL)
	}
	if ttl, ok := a[argExpires]; ok {
		is("it is deleted when nobody uses it for %v ms (%s)", ttl, argExpires)
	}
	if a[argType] == queueStream {
		if t.QueueType != queueStream {
			is("it is a stream, which deletes by size and age what nobody has read (queue_type: stream asks for that)")
		}
		return reasons
	}
	_, limited := a[argMaxLength]
	_, limitedBytes := a[argMaxLengthBytes]
	if overflow, _ := a[argOverflow].(string); (limited || limitedBytes) && !strings.HasPrefix(overflow, rejectPublish) {
		is("it deletes the oldest message when it is full (%s is not %s)", argOverflow, rejectPublish)
	}
	if n, limited := t.deliveries(a); limited {
		is("it gives a message up after %d deliveries (%s)", n, argDeliveryLimit)
	}
	return reasons
}

// defaultDeliveries is RabbitMQ's own limit since 4.0.
const defaultDeliveries = 20

// deliveries is after how many deliveries a quorum queue gives a message up
// that it dead-letters nowhere. A policy may say otherwise; who declares
// passively looks after that.
func (t *topology) deliveries(a amqp.Table) (n int64, limited bool) {
	if _, kept := a[argDeadLetter]; kept || a[argType] != queueTypeQuorum {
		return 0, false
	}
	n, given := a[argDeliveryLimit].(int64)
	if !given {
		return defaultDeliveries, t.version >= 4 && t.Declare == declareActive
	}
	return n, n >= 0
}
