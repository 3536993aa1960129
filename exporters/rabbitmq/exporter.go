// Package rabbitmq publishes frames to RabbitMQ: the bytes of the journal, one
// frame a message, or its documents one by one. A message counts as delivered
// when the broker has confirmed it and has not returned it. Export does one
// attempt per call; package shipping decides what follows.
package rabbitmq

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/message"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// Exporter implements shipping.Exporter. It is safe for concurrent use.
type Exporter struct {
	config Config
	origin message.Origin
	keys   keys
	log    *slog.Logger
	goes   sync.WaitGroup
	// bodies has the memory of messages that were written.
	bodies sync.Pool
	// patience is how long a confirm may take, limit how large a message may be.
	patience *patience
	limit    sizeLimit
	renewal  renewal

	// connecting guards the dialer: one goroutine connects, others wait for it.
	connecting sync.Mutex
	dialer     *amqpconn.Dialer

	mu      sync.Mutex
	session *session
	figures Figures
}

// Figures say how the exporter gets on, since it was made.
type Figures struct {
	// Blocked is why the broker takes nothing now, empty when it does, and
	// Since when that began.
	Blocked string
	Since   time.Time
	// Returned counts messages that no queue took, Refused those that the
	// broker confirmed negatively, Lost those whose confirm did not come.
	Returned, Refused, Lost uint64
}

// New makes an exporter of an origin's frames. It does not connect.
func New(c Config, o message.Origin, log *slog.Logger) (*Exporter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	dialer, err := amqpconn.NewDialer(c.Broker, "tailrace "+o.Node, log)
	if err != nil {
		return nil, err
	}
	if c.AllowLossy {
		log.Warn("queues that lose messages by their settings are used (allow_lossy): what is delivered to one may be gone before anybody reads it")
	}
	return &Exporter{
		config: c, origin: o, keys: newKeys(&c, o.Node), log: log, dialer: dialer,
		patience: newPatience(c.ConfirmTimeout),
	}, nil
}

// Export implements shipping.Exporter.
func (e *Exporter) Export(ctx context.Context, req *shipping.Request) (*shipping.Response, error) {
	s, err := e.connected(ctx)
	if err != nil {
		return e.refusal(err), nil
	}
	var r *shipping.Response
	if e.config.Mode == modeDocument {
		r, err = e.exportDocuments(ctx, s, &req.Parts[0])
	} else {
		r, err = e.exportFrame(ctx, s, &req.Parts[0])
	}
	if err == nil && len(req.Parts) > 1 {
		r.Parts = 1
	}
	return r, err
}

// connected is the session of now, made if there is none.
func (e *Exporter) connected(ctx context.Context) (*session, error) {
	e.connecting.Lock()
	defer e.connecting.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := e.current()
	if s != nil && !s.alive() {
		s.conn.Leave()
		s = nil
	}
	if s == nil {
		return e.connect(ctx)
	}
	if !s.stale.Load() {
		return s, nil
	}
	if err := e.declare(ctx, s.conn); err != nil {
		return nil, err
	}
	s.stale.Store(false)
	return s, nil
}

func (e *Exporter) current() *session {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.session
}

// connect makes a session with a topology that keeps what it is given.
func (e *Exporter) connect(ctx context.Context) (*session, error) {
	conn, err := e.dialer.Dial(ctx)
	if err != nil {
		return nil, err
	}
	var s *session
	err = conn.Ask(ctx, func() (err error) {
		s, err = newSession(conn, &e.goes)
		return err
	})
	if err == nil {
		err = e.declare(ctx, conn)
	}
	if err != nil {
		conn.Leave()
		return nil, err
	}
	e.log.Info("connected to RabbitMQ", "address", conn.Address, "version", property(conn, "version"))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.session = s
	return s, nil
}

// Close gives up the connection.
func (e *Exporter) Close() error {
	if s := e.current(); s != nil {
		s.conn.Leave()
	}
	e.goes.Wait()
	return nil
}

// Figures may be called at any time.
func (e *Exporter) Figures() Figures {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.figures
	if e.session != nil && e.session.alive() {
		b := e.session.blocked()
		f.Blocked, f.Since = b.reason, b.since
	}
	return f
}
