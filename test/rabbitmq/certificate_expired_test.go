package rabbitmq

import (
	"fmt"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// The broker's certificate has expired when the agent has to connect again. It
// keeps what it has, says why, and goes on when the broker has another one.
func TestExpiredCertificateOfTheBrokerIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	node := s.broker.Nodes[0]
	s.scheme, s.addresses = "amqps://", []string{node.TLSAddress}
	s.settings = []string{fmt.Sprintf("tls: {ca_file: %q}", s.broker.Files.CA)}
	generator := s.load()
	s.start()
	s.carry()
	s.underway()
	tomorrow := time.Now().Add(24 * time.Hour)
	t.Cleanup(func() { s.broker.Certify(tomorrow) })
	s.broker.Certify(time.Now().Add(-time.Minute))
	s.broker.Disconnect()
	s.saying("expired")
	before := s.written()
	testkit.Grows(t, "lines are written to no avail", before+1000, func() (int, string) { return s.written(), "" })
	s.broker.Certify(tomorrow)
	s.flowing(time.Now())
	s.settle(generator)
}
