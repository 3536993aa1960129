package rabbitmq

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	broker "github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

// The password is changed on the broker, and later in the agent's file. Between
// the two the agent is refused and keeps what it has; then it goes on by itself.
func TestRotatedPasswordIsReadAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	generator := s.load()
	s.start()
	s.underway()
	s.broker.ChangePassword(broker.User, "another")
	t.Cleanup(func() { s.broker.ChangePassword(broker.User, broker.Password) })
	s.broker.Disconnect()
	s.saying("403")
	before := s.written()
	testkit.Grows(t, "lines are written to no avail", before+1000, func() (int, string) { return s.written(), "" })
	s.password("another")
	s.flowing(time.Now())
	s.broker.ChangePassword(broker.User, broker.Password)
	s.carry()
	s.settle(generator)
}
