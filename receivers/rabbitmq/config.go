package rabbitmq

import (
	"errors"
	"fmt"
	"time"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// Config are the keys of the receiver.
type Config struct {
	Broker amqpconn.Config `mapstructure:",squash"`

	Queue       string        `mapstructure:"queue" doc:"Queue that frames are taken from. It must be there: exporters declare it, or its owner."`
	Queues      int           `mapstructure:"queues" doc:"Over how many queues the exporters spread their nodes, as in their configuration: with 2 or more they are called QUEUE-0, QUEUE-1 and so on. Each is consumed on a connection of its own."`
	Prefetch    int           `mapstructure:"prefetch" doc:"Most messages of a queue without an acknowledgement. There are as many as fit into service.journal.max_size by the largest message so far, and never more than this."`
	ReturnAfter time.Duration `mapstructure:"return_after" doc:"How long a message may wait for its delivery before all go back to the broker; the receiver takes messages again when the exporters have delivered what they had in hand. It must be shorter than the broker's consumer_timeout (30m), which would close the channel."`
}

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config {
	return Config{Broker: amqpconn.DefaultConfig(), Queue: "tailrace", Queues: 1, Prefetch: 1000, ReturnAfter: 10 * time.Minute}
}

const (
	// maxPrefetch is what the protocol can say.
	maxPrefetch = 65_535
	// minReturn keeps the receiver from handing messages to and fro.
	minReturn = time.Second
)

// Validate says what is wrong with the values, all of it.
func (c *Config) Validate() error {
	return errors.Join(c.Broker.Validate(), amqpconn.CheckQueues(c.Queue, c.Queues), c.check())
}

func (c *Config) check() error {
	switch {
	case c.Prefetch < 1 || c.Prefetch > maxPrefetch:
		return fmt.Errorf("prefetch must be from 1 to %d, not %d", maxPrefetch, c.Prefetch)
	case c.ReturnAfter < minReturn:
		return fmt.Errorf("return_after must be at least %s, not %s", minReturn, c.ReturnAfter)
	}
	return nil
}

// queueNames are the queues to consume.
func (c *Config) queueNames() []string { return amqpconn.QueueNames(c.Queue, c.Queues) }
