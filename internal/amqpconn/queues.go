package amqpconn

import "fmt"

const (
	// MaxName is the length of a name in AMQP 0-9-1, without the number of a
	// queue.
	MaxName = 255 - len("-000")
	// MaxQueues bounds the queues over which nodes are spread: each node
	// declares them all.
	MaxQueues = 256
)

// CheckQueues says what is wrong with a name and a number of queues.
func CheckQueues(name string, n int) error {
	switch {
	case name == "" || len(name) > MaxName:
		return fmt.Errorf("queue must be a name of 1 to %d bytes, such as tailrace", MaxName)
	case n < 1 || n > MaxQueues:
		return fmt.Errorf("queues must be from 1 to %d, not %d", MaxQueues, n)
	}
	return nil
}

// QueueNames are the names of all queues: of several, each has a number.
func QueueNames(name string, n int) []string {
	if n == 1 {
		return []string{name}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", name, i)
	}
	return names
}
