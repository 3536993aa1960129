package rabbitmq

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// A queue that is full refuses what more is published (reject-publish). It
// stays in the journal, and goes out when a consumer has made room.
func TestFullQueueKeepsTheRestInTheJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.settings = []string{"max_length: 5"}
	generator := s.load()
	s.start()
	testkit.Eventually(t, "the queue is full", func() (bool, string) { return s.full(), s.agent.Tail() })
	stuck := s.sent()
	before := s.written()
	testkit.Grows(t, "lines are written to no avail", before+2000, func() (int, string) { return s.written(), "" })
	if !s.full() {
		t.Fatal("the queue is not full")
	}
	if now := s.sent(); now != stuck {
		t.Errorf("%d lines count as delivered that the queue has no room for", now-stuck)
	}
	s.carry()
	s.flowing(time.Now())
	s.settle(generator)
}

// full says whether the queue has taken as many messages as it takes: a quorum
// queue takes one more than its length.
func (s *site) full() bool { return s.broker.Queue(queue).Messages >= 5 && s.refusing() }

// refusing says whether the agent's messages have been refused.
func (s *site) refusing() bool { return s.said("RabbitMQ") > 0 && s.said("delivery") > 0 }
