package amqpconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Dialer makes connections to one broker. It belongs to one goroutine.
type Dialer struct {
	config Config
	// name is what the broker shows the connection by.
	name string
	// order are the addresses that were not tried since the last success or
	// since all were.
	order []address
	// Connect reaches an address. NewDialer sets it, for TCP.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewDialer makes a dialer, whose certificates can be read now. It does not
// connect.
func NewDialer(c Config, name string, log *slog.Logger) (*Dialer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if _, err := c.TLS.Load(); err != nil {
		return nil, err
	}
	if c.TLS.InsecureSkipVerify {
		log.Warn("anybody between here and RabbitMQ can read and change events: set tls.ca_file instead of tls.insecure_skip_verify")
	}
	return &Dialer{config: c, name: name, Connect: (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext}, nil
}

// Connection is one to a node of the broker.
type Connection struct {
	*amqp.Connection
	// Address is the node's, "host:port".
	Address string
	conn    *timed
}

// Sever closes the connection without a word, for when words do not get
// through: whoever waits for it gets an error at once.
func (c *Connection) Sever() { c.conn.Close() }

// Dial connects to the next node. Secrets and certificates are read each time.
// An error is explained as Explain does.
func (d *Dialer) Dial(ctx context.Context) (*Connection, error) {
	a := d.next()
	ctx, cancel := context.WithTimeoutCause(ctx, d.config.Timeout, errors.New("no answer in time"))
	defer cancel()
	c, err := d.dial(ctx, a)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), err)
		}
		return nil, fmt.Errorf("no connection to %s: %w", a.shown(), d.explain(a, err))
	}
	d.order = nil
	return c, nil
}

// explain says what to change, also where that depends on how it was tried.
func (d *Dialer) explain(a address, err error) error {
	switch {
	case d.config.Auth == authExternal && errors.Is(err, amqp.ErrCredentials):
		return Deny(err, "the broker must have a user with the name that it takes from the certificate of tls.cert_file (ssl_cert_login_from)")
	case !a.tls && strings.Contains(err.Error(), noFrame):
		return Deny(err, "the port does not speak AMQP without TLS: write amqps:// or name the port of amqp, usually 5672")
	}
	return Explain(err)
}

// noFrame is what the library says of bytes that are no frame, such as an alert
// of TLS.
const noFrame = "frame size exceeds negotiated frame_max"

// next is the address to try now.
func (d *Dialer) next() address {
	if len(d.order) == 0 {
		for _, text := range d.config.Endpoints {
			// Validate has parsed it before.
			a, _ := parseAddress(text)
			d.order = append(d.order, a)
		}
		rand.Shuffle(len(d.order), func(i, k int) { d.order[i], d.order[k] = d.order[k], d.order[i] })
	}
	a := d.order[0]
	d.order = d.order[1:]
	return a
}

func (d *Dialer) dial(ctx context.Context, a address) (*Connection, error) {
	identity, err := d.config.sasl()
	if err != nil {
		return nil, err
	}
	raw, err := d.Connect(ctx, "tcp", a.shown())
	if err != nil {
		return nil, err
	}
	conn := &timed{Conn: raw, silence: silences * d.config.Heartbeat, write: d.config.Timeout}
	// The protocol's handshake knows no context.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	stream, err := d.secure(ctx, a, conn)
	if err == nil {
		var c *amqp.Connection
		if c, err = amqp.Open(stream, d.options(identity)); err == nil {
			return &Connection{c, a.shown(), conn}, nil
		}
	}
	conn.Close()
	return nil, err
}

// secure adds TLS where the address says so.
func (d *Dialer) secure(ctx context.Context, a address, conn net.Conn) (io.ReadWriteCloser, error) {
	if !a.tls {
		return conn, nil
	}
	conf, err := d.config.TLS.Load()
	if err != nil {
		return nil, err
	}
	if conf.ServerName == "" {
		conf.ServerName = a.host
	}
	c := tls.Client(conn, conf)
	return c, c.HandshakeContext(ctx)
}

// frameMax is RabbitMQ's own default.
const frameMax = 128 << 10

func (d *Dialer) options(identity amqp.Authentication) amqp.Config {
	return amqp.Config{
		SASL: []amqp.Authentication{identity}, Vhost: d.config.VHost, Heartbeat: d.config.Heartbeat,
		FrameSize: frameMax, Locale: "en_US",
		Properties: amqp.Table{"product": "tailrace", "connection_name": d.name},
	}
}

// silences are how many heartbeats may pass without anything from the broker.
const silences = 2

// timed is a connection that fails when the other side is silent, or takes
// nothing. The library allows three heartbeats, and writes for ever.
type timed struct {
	net.Conn
	silence, write time.Duration
}

// SetReadDeadline sets an earlier one than the library wants.
func (c *timed) SetReadDeadline(t time.Time) error {
	if most := time.Now().Add(c.silence); !t.IsZero() && t.After(most) {
		t = most
	}
	return c.Conn.SetReadDeadline(t)
}

// Write fails when the broker takes nothing for too long, however long all of it
// takes on a slow link. A connection of which a write has failed is of no more
// use, and is closed so that reads end too.
func (c *timed) Write(p []byte) (written int, err error) {
	for {
		if err = c.Conn.SetWriteDeadline(time.Now().Add(c.write)); err != nil {
			break
		}
		var n int
		n, err = c.Conn.Write(p[written:])
		written += n
		if err == nil {
			return written, nil
		}
		if n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	c.Close()
	return written, err
}
