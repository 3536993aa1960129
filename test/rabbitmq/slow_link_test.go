package rabbitmq

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/link"
)

// The way to the broker is bad in each of the usual ways: bytes in small
// slices, few of them in a second, late, and connections that break in the
// middle of a message. Something arrives all the same, and in the end all.
func TestBadLinkDeliversSlowlyAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.binary = testkit.LeanAgent(t)
	s.settings = []string{"confirm_timeout: 5s"}
	// A frame passes within what a connection carries, however late it is sealed.
	s.more = "service: {journal: {flush: {bytes: 16KiB}}}\n"
	way := s.through()
	generator := s.load("-rate", "500")
	s.start()
	s.carry()
	s.underway()
	latency := 500 * time.Millisecond
	if tortured() {
		latency = 5 * time.Second
	}
	for _, c := range []link.Conditions{{Slice: 7}, {Rate: 10_000}, {Latency: latency}, {CutAfter: 20_000}} {
		way.Set(c)
		s.TB.Logf("%+v", c)
		s.grows("something arrives", s.sent()+200)
	}
	if way.Figures().Cuts == 0 {
		t.Error("no connection was cut")
	}
	way.Set(link.Conditions{})
	s.flowing(time.Now())
	s.bounded()
	s.settle(generator)
}
