package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// topology declares, on one connection, what messages need to arrive.
type topology struct {
	*Config
	conn *amqpconn.Connection
	// version is the broker's major version.
	version int
}

func (e *Exporter) topology(conn *amqpconn.Connection) *topology {
	return &topology{Config: &e.config, conn: conn, version: majorVersion(property(conn, "version"))}
}

// declare makes the topology, or looks whether it is there, and refuses queues
// that lose messages by their settings.
func (e *Exporter) declare(ctx context.Context, conn *amqpconn.Connection) error {
	t := e.topology(conn)
	if err := t.exchange(ctx); err != nil {
		return err
	}
	for i, name := range t.queueNames() {
		found, err := t.queue(ctx, name)
		if err != nil {
			return err
		}
		if err := t.judge(name, found); err != nil {
			if !t.AllowLossy {
				return err
			}
			e.log.Warn("a queue loses messages by its settings, which is allowed", "queue", name, "reason", err)
		}
		if err := t.bind(ctx, name, i); err != nil {
			return err
		}
	}
	return nil
}

// majorVersion is 0 when the broker does not say.
func majorVersion(version string) int {
	major, _, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(major)
	return n
}

// apart calls fn on a channel of its own: the broker closes one on which it
// refuses something.
func (t *topology) apart(ctx context.Context, fn func(*amqp.Channel) error) error {
	return t.conn.Ask(ctx, func() error {
		c, err := t.conn.Channel()
		if err != nil {
			return err
		}
		defer c.Close()
		return fn(c)
	})
}

func (t *topology) exchange(ctx context.Context) error {
	err := t.apart(ctx, func(c *amqp.Channel) error {
		if t.Declare == passive {
			return c.ExchangeDeclarePassive(t.Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
		}
		return c.ExchangeDeclare(t.Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	})
	if broker, ok := errors.AsType[*amqp.Error](err); ok && broker.Code == amqp.PreconditionFailed {
		return &lossyQueue{
			text: fmt.Sprintf("the exchange %s is another than a durable topic exchange: %s", t.Exchange, broker.Reason),
			cure: "name another exchange, or use this one as it is with declare: passive",
		}
	}
	return err
}

func (t *topology) bind(ctx context.Context, queue string, shard int) error {
	if t.Declare == passive {
		return nil
	}
	return t.apart(ctx, func(c *amqp.Channel) error {
		return c.QueueBind(queue, t.binding(shard), t.Exchange, false, nil)
	})
}

// queue declares a queue, or looks for it, and returns the settings that it
// has.
func (t *topology) queue(ctx context.Context, name string) (settings, error) {
	if t.Declare == passive {
		if err := t.exists(ctx, name); err != nil {
			return settings{}, err
		}
	}
	return t.settingsOf(ctx, name)
}

// settingsOf declares a queue and returns the settings that it has. AMQP 0-9-1
// has no question for those of one that is there; but the broker refuses to
// declare a queue with other settings than it has, and names the first that
// differs. So they are asked for until they are the queue's own.
func (t *topology) settingsOf(ctx context.Context, name string) (settings, error) {
	found := t.wanted()
	for asked := 1; ; asked++ {
		err := t.apart(ctx, func(c *amqp.Channel) error {
			_, err := c.QueueDeclare(name, found.durable, found.autoDelete, false, false, found.arguments)
			return err
		})
		if err == nil {
			return found, nil
		}
		if d, ok := differenceIn(err); !ok || asked == maxSettings || !found.take(d) {
			return found, t.unknown(name, found, err)
		}
	}
}

// maxSettings is more than a queue has.
const maxSettings = 40

func (t *topology) exists(ctx context.Context, name string) error {
	return t.apart(ctx, func(c *amqp.Channel) error {
		_, err := c.QueueDeclarePassive(name, true, false, false, false, nil)
		return err
	})
}

// unknown is what to make of an error behind which the settings of a queue stay
// unknown. A user who may not declare cannot ask for them, and another looks
// after the topology then.
func (t *topology) unknown(name string, found settings, err error) error {
	broker, ok := errors.AsType[*amqp.Error](err)
	switch {
	case !ok:
		return err
	case t.Declare == passive && broker.Code == amqp.AccessRefused:
		return nil
	case broker.Code == amqp.PreconditionFailed, broker.Code == amqp.ResourceLocked:
		if lossy := t.judge(name, found); lossy != nil {
			return lossy
		}
		return &lossyQueue{text: fmt.Sprintf("the queue %s has other settings than it is declared with: %s", name, broker.Reason), cure: t.cure(name, found)}
	}
	return err
}

// wanted are the settings of a queue that keeps what it has confirmed.
func (t *topology) wanted() settings {
	a := amqp.Table{argType: t.QueueType}
	if t.QueueType == queueTypeQuorum {
		a[argOverflow] = rejectPublish
		if t.version >= 4 {
			// RabbitMQ 4.0 gives a message up after 20 deliveries otherwise.
			a[argDeliveryLimit] = int64(-1)
		}
	}
	for name, n := range map[string]int64{argMaxLength: t.MaxLength, argMaxLengthBytes: int64(t.MaxLengthBytes)} {
		if n > 0 {
			a[name] = n
		}
	}
	if t.MaxAge > 0 {
		a[argMaxAge] = fmt.Sprintf("%ds", int64(t.MaxAge.Seconds()))
	}
	return settings{durable: true, arguments: a}
}
