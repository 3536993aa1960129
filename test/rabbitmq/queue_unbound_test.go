package rabbitmq

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// The queue's bindings are removed under load. The broker confirms what no
// queue takes all the same: the agent goes by its returns, binds the queue
// again, and publishes them again.
func TestUnboundQueueLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.start()
	s.carry()
	s.underway()
	for range often(2, 20) {
		if n := s.broker.Unbind(queue); n == 0 {
			t.Fatal("the queue was not bound")
		}
		s.flowing(time.Now())
	}
	s.settle(generator)
}

// The queue is deleted on an open connection, when it is empty: what was
// confirmed is the broker's to keep. It is made again for what comes next.
func TestDeletedQueueIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.start()
	s.carry()
	s.underway()
	for range often(2, 20) {
		signal(t, generator, syscall.SIGSTOP)
		testkit.Eventually(t, "the queue is empty and nothing is on its way", func() (bool, string) {
			written, stored, q := s.written(), s.sink.Stats().Stored, s.broker.Queue(queue)
			return stored >= written && q.Messages == 0, fmt.Sprintf("%d of %d, %+v", stored, written, q)
		})
		s.broker.DeleteQueue(queue)
		if s.broker.HasQueue(queue) {
			t.Fatal("the queue is there")
		}
		signal(t, generator, syscall.SIGCONT)
		s.flowing(time.Now())
	}
	s.settle(generator)
}
