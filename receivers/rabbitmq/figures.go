package rabbitmq

import (
	"errors"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/amqpconn"
)

// Stats say how a queue's consumer gets on, since the process began. Every
// message of Received is in one of Acknowledged, Returned, Dead, Outstanding
// and Dropped.
type Stats struct {
	Queue string
	// Connected is the address of the broker's node, empty for none; Consuming
	// says that messages are asked for.
	Connected string
	Consuming bool
	// Received counts deliveries, of which Redelivered had been delivered
	// before; Bytes are their bodies, Documents those of their frames.
	Received, Redelivered, Bytes, Documents uint64
	// Acknowledged are delivered; Returned went back to the queue; Dead cannot
	// be read and are kept elsewhere; Dropped were without an answer when the
	// connection was lost, and the broker delivers them again.
	Acknowledged, Returned, Dead, Dropped uint64
	// Outstanding messages have no answer yet, of Prefetch that may be; the
	// oldest came at Oldest.
	Outstanding, Prefetch int
	Oldest                time.Time
	// Reason says why no messages come, Cure what to change; Since is when that
	// began.
	Reason, Cure string
	Since        time.Time
}

// figures guards the Stats.
type figures struct {
	mu sync.Mutex
	Stats
}

func (f *figures) change(fn func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn(&f.Stats)
}

func (f *figures) snapshot() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Stats
}

// fails notes why no messages come.
func (f *figures) fails(err error) {
	f.change(func(s *Stats) {
		if s.Reason == "" {
			s.Since = time.Now()
		}
		s.Reason, s.Cure = err.Error(), ""
		if denied, ok := errors.AsType[*amqpconn.Denied](err); ok {
			s.Reason, s.Cure = denied.Unwrap().Error(), denied.Cure
		}
	})
}

// works notes that messages come.
func (f *figures) works() {
	f.change(func(s *Stats) { s.Reason, s.Cure, s.Since = "", "", time.Time{} })
}
