package rabbitmq

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	broker "github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/message"
)

// carrier is the simplest of gateways: it posts each message of the queue to
// the sink as it is, and acks it when the sink has answered. It looks at what
// every message must be.
type carrier struct {
	tb     testing.TB
	broker *broker.Broker
	url    string
	stop   context.CancelFunc
	done   chan struct{}

	mu sync.Mutex
	// came counts deliveries by message id.
	came     map[string]int
	problems []string
	// cut counts messages that are a part of a frame, largest is the most bytes
	// of one.
	cut, largest int
}

// carry consumes until the test ends, or the carrier is stopped.
func (s *site) carry() *carrier {
	ctx, stop := context.WithCancel(context.Background())
	c := &carrier{tb: s.TB, broker: s.broker, url: s.sink.URL, stop: stop, done: make(chan struct{}), came: map[string]int{}}
	go c.run(ctx)
	s.TB.Cleanup(c.Stop)
	return c
}

// Stop ends the consumer. What it has not acked goes back to the queue.
func (c *carrier) Stop() {
	c.stop()
	<-c.done
	for _, p := range c.problems {
		c.tb.Error(p)
	}
	c.problems = nil
}

// run goes from node to node: whatever ends a connection, there is another.
func (c *carrier) run(ctx context.Context) {
	defer close(c.done)
	for i := 0; ctx.Err() == nil; i++ {
		node := c.broker.Nodes[i%len(c.broker.Nodes)]
		if err := c.consume(ctx, c.broker.URL(node)); err != nil {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

func (c *carrier) consume(ctx context.Context, url string) error {
	conn, err := amqp.DialConfig(url, amqp.Config{Heartbeat: time.Second, Dial: amqp.DefaultDial(3 * time.Second)})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.CloseDeadline(time.Now().Add(time.Second)) })()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := ch.Qos(20, 0, false); err != nil {
		return err
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	for d := range deliveries {
		if err := c.pass(ctx, &d); err != nil {
			return err
		}
	}
	return io.ErrUnexpectedEOF
}

func (c *carrier) pass(ctx context.Context, d *amqp.Delivery) error {
	c.look(d)
	req, err := http.NewRequestWithContext(ctx, "POST", c.url+"/_bulk", bytes.NewReader(d.Body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", d.ContentEncoding)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return d.Nack(false, true)
	}
	return d.Ack(false)
}

// look judges a message by its properties and its content.
func (c *carrier) look(d *amqp.Delivery) {
	m := message.Message{ID: d.MessageId, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		Timestamp: d.Timestamp, Headers: d.Headers, Body: d.Body}
	_, err := message.Parse(&m)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came[d.MessageId]++
	c.largest = max(c.largest, len(d.Body))
	if strings.Count(d.MessageId, "-") > 1 {
		c.cut++
	}
	switch {
	case err != nil:
		c.problems = append(c.problems, fmt.Sprintf("message %s: %v", d.MessageId, err))
	case d.DeliveryMode != amqp.Persistent:
		c.problems = append(c.problems, fmt.Sprintf("message %s is not persistent", d.MessageId))
	}
}
