package rabbitmq

import (
	"slices"
	"sync"
	"time"
)

// renewal says when a connection on which the broker refuses everything is
// given up for another. RabbitMQ tells a channel's first message to the node
// that led the queue when it looked, and refuses all messages of that channel
// while that node is away, even if another one has led for long
// (rabbit_fifo_client, the registration of enqueuers).
type renewal struct {
	mu sync.Mutex
	// session has taken nothing since it first refused, at since.
	session *session
	since   time.Time
	// refusing counts sessions in a row that took nothing.
	refusing int
}

const (
	// renewAfter is how long a session may refuse everything. It doubles with
	// each that does, up to maxRenewAfter: a queue that is full refuses on every
	// connection.
	renewAfter    = 2 * time.Second
	maxRenewAfter = 5 * time.Minute
)

// due notes what became of messages, and says whether their session is to be
// given up.
func (r *renewal) due(s *session, fates []fate, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case slices.Contains(fates, stored):
		r.session, r.refusing = nil, 0
	case !slices.Contains(fates, refused):
	case r.session != s:
		r.session, r.since = s, now
	case now.Sub(r.since) >= r.patience():
		r.refusing++
		r.session = nil
		return true
	}
	return false
}

// renew gives up a session that goes on refusing. The next request connects.
func (e *Exporter) renew(s *session, p *publication) {
	if e.renewal.due(s, p.fates, time.Now()) {
		e.log.Info("RabbitMQ refuses all messages of a connection; another may find who leads the queue now", "address", s.conn.Address)
		s.conn.Leave()
	}
}

// patience is how long the session of now may refuse.
func (r *renewal) patience() time.Duration {
	return min(maxRenewAfter, renewAfter<<min(r.refusing, 10))
}
