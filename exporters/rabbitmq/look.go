package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/message"
)

// Look asks one of the broker's nodes what an exporter with this configuration
// would find, and declares nothing. It says what it found. CureOf has what cures
// an error.
func Look(ctx context.Context, c Config, node string) (says string, err error) {
	e, err := New(c, message.Origin{Node: node}, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	conn, err := e.dialer.Dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Leave()
	t := e.topology(conn)
	missing, err := t.look(ctx)
	says = fmt.Sprintf("%s %s answers", property(conn, "product"), property(conn, "version"))
	switch {
	case err != nil:
		return "", err
	case len(missing) > 0 && c.Declare == passive:
		return "", amqpconn.Deny(fmt.Errorf("it has no %s", strings.Join(missing, ", no ")), "declare it, or set declare: active")
	case len(missing) > 0:
		return says + "; the agent makes what is missing: the " + strings.Join(missing, ", the "), nil
	}
	return says + ", and has what the exporter needs", nil
}

// look returns what is missing, and why a queue that is there must not be used.
func (t *topology) look(ctx context.Context) (missing []string, err error) {
	gone, err := absent(t.apart(ctx, func(c *amqp.Channel) error {
		return c.ExchangeDeclarePassive(t.Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	}))
	if err != nil {
		return nil, err
	}
	if gone {
		missing = append(missing, "exchange "+t.Exchange)
	}
	for _, name := range t.queueNames() {
		gone, err := t.lookAt(ctx, name)
		if err != nil {
			return nil, err
		}
		if gone {
			missing = append(missing, "queue "+name)
		}
	}
	return missing, nil
}

// lookAt says whether a queue is missing, or why it must not be used.
func (t *topology) lookAt(ctx context.Context, name string) (gone bool, err error) {
	if gone, err = absent(t.exists(ctx, name)); gone || err != nil {
		return gone, err
	}
	found, err := t.settingsOf(ctx, name)
	if err == nil && !t.AllowLossy {
		err = t.judge(name, found)
	}
	return false, err
}

// absent tells that something is not there, which is no error, from errors.
func absent(err error) (gone bool, other error) {
	if broker, ok := errors.AsType[*amqp.Error](err); ok && broker.Code == amqp.NotFound {
		return true, nil
	}
	return false, err
}

func property(c *amqpconn.Connection, name string) string {
	text, _ := c.Properties[name].(string)
	return text
}

// CureOf is what to change about an error of Look; empty when time may cure it.
func CureOf(err error) string {
	if lossy, ok := errors.AsType[*lossyQueue](err); ok {
		return lossy.cure
	}
	return amqpconn.CureOf(err)
}
