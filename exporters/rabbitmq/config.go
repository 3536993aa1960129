package rabbitmq

import (
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// Config are the keys of the exporter.
type Config struct {
	Broker amqpconn.Config `mapstructure:",squash"`

	Mode       string        `mapstructure:"mode" doc:"What a message is: frame (many documents, gzipped, as they are in the journal) or document (one document as plain JSON, for consumers that are not Tailrace; it costs the broker and this node many times more)."`
	Exchange   string        `mapstructure:"exchange" doc:"Topic exchange that messages go to, with the key logs.CLASS, or logs.NAMESPACE.DATASET in mode document."`
	Queue      string        `mapstructure:"queue" doc:"Queue that is bound to the exchange; empty for none, when others bind theirs."`
	Queues     int           `mapstructure:"queues" doc:"Over how many queues the nodes are spread, each node into one of them, so that the leader of one queue is not the limit: they are called QUEUE-0, QUEUE-1 and so on, and the number is the last word of the keys."`
	QueueType  string        `mapstructure:"queue_type" doc:"quorum, or stream for consumers that read again: what a stream keeps is bounded by max_age and max_length_bytes, read or not."`
	Declare    string        `mapstructure:"declare" doc:"active makes the exchange, the queues and their bindings where they are missing; passive expects them."`
	AllowLossy bool          `mapstructure:"allow_lossy" doc:"Use a queue that loses messages by its settings all the same."`
	MaxAge     time.Duration `mapstructure:"max_age" doc:"How long a stream keeps messages (x-max-age); 0 is no limit."`

	MaxLength      int64           `mapstructure:"max_length" doc:"Messages that a queue holds before it takes no more (x-max-length), which then wait in the journal; 0 is no limit."`
	MaxLengthBytes config.ByteSize `mapstructure:"max_length_bytes" doc:"The same in bytes (x-max-length-bytes); a stream deletes its oldest messages instead."`

	ConfirmTimeout time.Duration `mapstructure:"confirm_timeout" doc:"How long the broker may take to confirm a message before the connection is given up and the message sent again; longer by itself where confirms were slow before."`
	MaxInFlight    int           `mapstructure:"max_in_flight" doc:"Most frames without a confirm at a time; their number begins with 1 and follows what the broker takes."`
	Retry          Retry         `mapstructure:"retry"`

	shipping.Config `mapstructure:",squash"`
}

// Retry bounds the waits after failures.
type Retry struct {
	InitialInterval time.Duration `mapstructure:"initial_interval" doc:"Longest wait after the first failure; it doubles with each further one, and the wait is chosen at random below it."`
	MaxInterval     time.Duration `mapstructure:"max_interval" doc:"Limit of the longest wait between two attempts; for a broker that is away it is 1s at most, so that delivery is back soon after it."`
}

const (
	modeFrame, modeDocument      = "frame", "document"
	declareActive, passive       = "active", "passive"
	queueTypeQuorum, queueStream = "quorum", "stream"
)

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config {
	return Config{
		Broker: amqpconn.DefaultConfig(),
		Mode:   modeFrame, Exchange: "tailrace", Queue: "tailrace", Queues: 1, QueueType: queueTypeQuorum, Declare: declareActive,
		ConfirmTimeout: 30 * time.Second, MaxInFlight: 8,
		Retry:  Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: 5 * time.Second},
		Config: shipping.DefaultConfig(),
	}
}

// frameBytes is about the largest frame of a lane before compression.
const frameBytes = 4 << 20

// Shipping is how the shipping loop treats the exporter: a frame is a message,
// sent when it is there.
func (c *Config) Shipping() shipping.Options {
	o := c.Config.Options(shipping.Flush{Bytes: frameBytes}, shipping.Retry(c.Retry))
	o.InFlight, o.OneFrame = c.MaxInFlight, true
	return o
}

// Validate says what is wrong with the values, all of it.
func (c *Config) Validate() error {
	return errors.Join(c.Broker.Validate(), c.checkNames(), c.checkWords(), c.checkQueue(), c.checkLimits(), c.Config.Validate())
}

func (c *Config) checkNames() error {
	switch {
	case c.Exchange == "" || len(c.Exchange) > amqpconn.MaxName:
		return fmt.Errorf("exchange must be a name of 1 to %d bytes, such as tailrace", amqpconn.MaxName)
	case c.Queue == "" && c.Queues == 1:
		return nil
	case c.Queue == "":
		return errors.New("queues needs a queue: they are named after it")
	}
	return amqpconn.CheckQueues(c.Queue, c.Queues)
}

func (c *Config) checkWords() error {
	var mode, queueType, declare error
	if c.Mode != modeFrame && c.Mode != modeDocument {
		mode = fmt.Errorf("mode must be frame or document, not %q", c.Mode)
	}
	if c.QueueType != queueTypeQuorum && c.QueueType != queueStream {
		queueType = fmt.Errorf("queue_type must be quorum or stream, not %q: others may lose confirmed messages", c.QueueType)
	}
	if c.Declare != declareActive && c.Declare != passive {
		declare = fmt.Errorf("declare must be active or passive, not %q", c.Declare)
	}
	return errors.Join(mode, queueType, declare)
}

// checkQueue finds settings that nothing would come of.
func (c *Config) checkQueue() error {
	stream := c.QueueType == queueStream
	switch {
	case c.MaxLength < 0 || c.MaxLengthBytes < 0 || c.MaxAge < 0:
		return errors.New("max_length, max_length_bytes and max_age must not be negative")
	case stream && c.MaxLength > 0:
		return errors.New("a stream has no max_length: set max_length_bytes or max_age")
	case !stream && c.MaxAge > 0:
		return errors.New("max_age is for queue_type stream: a queue must not delete what was not read")
	case c.MaxAge%time.Second != 0:
		return errors.New("max_age must be whole seconds, such as 7d")
	case c.Declare == passive && (c.MaxLength > 0 || c.MaxLengthBytes > 0 || c.MaxAge > 0):
		return errors.New("max_length, max_length_bytes and max_age are set when a queue is made, which declare: passive does not")
	}
	return nil
}

// maxInFlight bounds max_in_flight: each may hold a frame.
const maxInFlight = 64

func (c *Config) checkLimits() error {
	switch {
	case c.MaxInFlight < 1 || c.MaxInFlight > maxInFlight:
		return fmt.Errorf("max_in_flight must be from 1 to %d, not %d", maxInFlight, c.MaxInFlight)
	case c.ConfirmTimeout < time.Second:
		return errors.New("confirm_timeout must be 1s at least")
	}
	return shipping.Retry(c.Retry).Validate()
}

// shard is the number of the queue of a node.
func (c *Config) shard(node string) int {
	h := fnv.New32a()
	h.Write([]byte(node)) // never fails (hash.Hash)
	return int(h.Sum32() % uint32(c.Queues))
}

// queueNames are the names of all queues.
func (c *Config) queueNames() []string {
	if c.Queue == "" {
		return nil
	}
	return amqpconn.QueueNames(c.Queue, c.Queues)
}
