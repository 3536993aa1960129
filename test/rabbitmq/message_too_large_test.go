package rabbitmq

import "testing"

// The broker takes messages of a size that frames pass and documents do not.
// Frames are cut at the ends of documents, and every document arrives once.
func TestFramesLargerThanTheBrokerTakesAreCut(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	const limit = 50_000
	s.broker.Set("max_message_size", "50000")
	s.more = "service: {journal: {flush: {interval: 2s}}}\n"
	generator := s.load("-rate", "3000")
	s.start()
	c := s.carry()
	s.underway()
	s.settle(generator)
	c.Stop()
	if c.cut == 0 || c.largest > limit {
		t.Errorf("%d messages were cut, the largest has %d bytes, and the broker takes %d", c.cut, c.largest, limit)
	}
}
