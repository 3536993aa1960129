package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// Look asks one of the broker's nodes for the queues, and takes nothing. It says
// what is in them. CureOf has what cures an error.
func Look(ctx context.Context, c Config) (says string, err error) {
	d, err := amqpconn.NewDialer(c.Broker, "tailrace doctor", slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	conn, err := d.Dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Leave()
	var all []string
	err = conn.Ask(ctx, func() error {
		channel, err := conn.Channel()
		if err != nil {
			return err
		}
		for _, name := range c.queueNames() {
			q, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%s has %d messages to give and %d consumers", name, q.Messages, q.Consumers))
		}
		return nil
	})
	return strings.Join(all, ", "), err
}

// CureOf is what to change about an error of Look; empty when time may cure it.
func CureOf(err error) string {
	broker, ok := errors.AsType[*amqp.Error](err)
	if ok && broker.Code == amqp.NotFound {
		return "start an exporter, which declares the queue, or declare it; or correct queue, queues and vhost"
	}
	return amqpconn.CureOf(err)
}
