package rabbitmq

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// scripted is a broker that does what a test says, message by message, over
// connections in memory. It speaks as much of AMQP 0-9-1 as a publisher needs.
type scripted struct {
	t *testing.T
	// version is what it says it is, RabbitMQ 3.10.8 if nothing.
	version string
	// declare answers a queue's declaration: the broker's error, or "". Nil
	// takes everything.
	declare func(queue string, flags byte, arguments amqp.Table) (refusal string)
	// eager confirms each message at once and keeps none.
	eager bool
	// published are the messages that came, over all connections.
	published chan *letter
	// dials are the connections that were made.
	mu    sync.Mutex
	dials []*scriptedConn
}

// noReply leaves a declaration open.
const noReply = "no reply"

// letter is a message that came, with its number on its channel.
type letter struct {
	conn      *scriptedConn
	tag       uint64
	exchange  string
	key       string
	mandatory bool
	header    []byte
	body      []byte
}

// scriptedConn is the broker's end of a connection.
type scriptedConn struct {
	*scripted
	conn net.Conn
	// ears has a token, without which it reads nothing. A mutex would stop the
	// clock of a bubble.
	ears chan struct{}
	// gone is closed when the connection has ended.
	gone chan struct{}
	tags uint64
	// open is the message that is coming, left how many bytes of it are to come.
	open *letter
	left uint64

	// buf is where frames are read to.
	buf []byte

	writing sync.Mutex
}

// script runs a test with a scripted broker in a bubble of its own time.
func script(t *testing.T, b *scripted, test func(*testing.T, *scripted)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b.t, b.published = t, make(chan *letter, 10_000)
		test(t, b)
	})
}

// exporter makes one that publishes to the broker and ends with the test.
func (b *scripted) exporter(change func(*Config)) *Exporter {
	b.t.Helper()
	c := DefaultConfig()
	c.Broker.Endpoints, c.Broker.User, c.Broker.Password = []string{"amqp://broker"}, "anna", "secret"
	// The library's heartbeats wait for a mutex while a write does, which stops
	// the clock of a bubble.
	c.Broker.Heartbeat = 5 * time.Minute
	if change != nil {
		change(&c)
	}
	e, err := New(c, origin, slog.New(slog.NewTextHandler(b.t.Output(), nil)))
	if err != nil {
		b.t.Fatal(err)
	}
	e.dialer.Connect = b.connect
	b.t.Cleanup(func() { e.Close() })
	return e
}

func (b *scripted) connect(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	c := &scriptedConn{scripted: b, conn: server, ears: make(chan struct{}, 1), gone: make(chan struct{})}
	c.listen()
	b.mu.Lock()
	b.dials = append(b.dials, c)
	b.mu.Unlock()
	go c.serve()
	return client, nil
}

// last is the newest connection.
func (b *scripted) last() *scriptedConn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dials[len(b.dials)-1]
}

// connections counts those that were made.
func (b *scripted) connections() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.dials)
}

// next is the next message that comes.
func (b *scripted) next() *letter {
	b.t.Helper()
	select {
	case l := <-b.published:
		return l
	case <-time.After(time.Hour):
		b.t.Fatal("no message comes")
		return nil
	}
}

// none fails when a message has come.
func (b *scripted) none() {
	b.t.Helper()
	synctest.Wait()
	select {
	case l := <-b.published:
		b.t.Fatalf("a message with the key %s has come", l.key)
	default:
	}
}

// method is a class and a number of it (AMQP 0-9-1, 1.3).
type method uint32

const (
	connectionStart, connectionStartOK     method = 10<<16 | 10, 10<<16 | 11
	connectionTune, connectionTuneOK       method = 10<<16 | 30, 10<<16 | 31
	connectionOpen, connectionOpenOK       method = 10<<16 | 40, 10<<16 | 41
	connectionClose, connectionCloseOK     method = 10<<16 | 50, 10<<16 | 51
	connectionBlocked, connectionUnblocked method = 10<<16 | 60, 10<<16 | 61
	channelOpen, channelOpenOK             method = 20<<16 | 10, 20<<16 | 11
	channelClose, channelCloseOK           method = 20<<16 | 40, 20<<16 | 41
	exchangeDeclare, exchangeDeclareOK     method = 40<<16 | 10, 40<<16 | 11
	queueDeclare, queueDeclareOK           method = 50<<16 | 10, 50<<16 | 11
	queueBind, queueBindOK                 method = 50<<16 | 20, 50<<16 | 21
	basicPublish, basicReturn              method = 60<<16 | 40, 60<<16 | 50
	basicAck, basicNack                    method = 60<<16 | 80, 60<<16 | 120
	confirmSelect, confirmSelectOK         method = 85<<16 | 10, 85<<16 | 11
)

// replies are the answers that say nothing but yes.
var replies = map[method]method{
	connectionClose: connectionCloseOK, channelOpen: channelOpenOK, channelClose: channelCloseOK,
	exchangeDeclare: exchangeDeclareOK, queueBind: queueBindOK, confirmSelect: confirmSelectOK,
}

// contents are what the answers with an argument carry.
var contents = map[method]string{connectionOpenOK: "\x00", channelOpenOK: "\x00\x00\x00\x00"}

// serve answers until the connection ends.
func (c *scriptedConn) serve() {
	defer close(c.gone)
	defer c.conn.Close()
	in := bufio.NewReader(c.conn)
	if _, err := in.Discard(len("AMQP\x00\x00\x09\x01")); err != nil {
		return
	}
	server := table(map[string]string{"product": "RabbitMQ", "version": cmp.Or(c.version, "3.10.8")})
	c.send(0, connectionStart, "\x00\x09"+server+long("PLAIN")+long("en_US"))
	for {
		<-c.ears
		c.listen()
		kind, channel, payload, err := c.readFrame(in)
		if err != nil {
			return
		}
		c.take(kind, channel, payload)
	}
}

func (c *scriptedConn) listen() { c.ears <- struct{}{} }

// deafen makes it read nothing behind the frame that it waits for.
func (c *scriptedConn) deafen() { <-c.ears }

// beat says now and then that the broker is there, until the connection ends.
func (c *scriptedConn) beat() {
	often := time.NewTicker(heartbeat / 2)
	defer often.Stop()
	for c.write(frameHeartbeat, 0, nil) == nil {
		select {
		case <-often.C:
		case <-c.gone:
			return
		}
	}
}

// heartbeat is what the broker wants.
const heartbeat = time.Minute

// The types of frames (AMQP 0-9-1, 4.2.3).
const frameMethod, frameHeader, frameBody, frameHeartbeat = 1, 2, 3, 8

func (c *scriptedConn) readFrame(in *bufio.Reader) (kind byte, channel uint16, payload []byte, err error) {
	head, err := in.Peek(7)
	if err != nil {
		return 0, 0, nil, err
	}
	kind, channel = head[0], binary.BigEndian.Uint16(head[1:])
	n := int(binary.BigEndian.Uint32(head[3:]))
	_, _ = in.Discard(len(head)) // They are there.
	c.buf = slices.Grow(c.buf[:0], n+1)[:n+1]
	_, err = io.ReadFull(in, c.buf)
	return kind, channel, c.buf[:n], err
}

func (c *scriptedConn) take(kind byte, channel uint16, payload []byte) {
	switch kind {
	case frameMethod:
		m := method(binary.BigEndian.Uint32(payload))
		c.answer(channel, m, &arguments{rest: payload[4:]})
	case frameHeader:
		c.open.header = bytes.Clone(payload)
		c.left = binary.BigEndian.Uint64(payload[4:])
	case frameBody:
		c.left -= uint64(len(payload))
		if !c.eager {
			c.open.body = append(c.open.body, payload...)
		}
	}
	if c.open != nil && c.open.header != nil && c.left == 0 {
		c.complete(c.open)
		c.open = nil
	}
}

func (c *scriptedConn) complete(l *letter) {
	if c.eager {
		l.ack(false)
		return
	}
	c.published <- l
}

func (c *scriptedConn) answer(channel uint16, m method, args *arguments) {
	switch m {
	case connectionStartOK:
		c.send(0, connectionTune, "\x07\xff\x00\x02\x00\x00\x00\x3c") // 2047 channels, 128 KiB, a minute
	case connectionOpen:
		c.send(0, connectionOpenOK, contents[connectionOpenOK])
		go c.beat()
	case basicPublish:
		args.take(2)
		c.tags++
		c.open = &letter{conn: c, tag: c.tags, exchange: args.text(), key: args.text(), mandatory: args.take(1)[0]&1 != 0}
	case queueDeclare:
		args.take(2)
		queue, flags := args.text(), args.take(1)[0]
		if c.declare != nil {
			switch refusal := c.declare(queue, flags, args.table()); refusal {
			case "":
			case noReply:
				return
			default:
				c.closeChannel(channel, amqp.PreconditionFailed, refusal)
				return
			}
		}
		c.send(channel, queueDeclareOK, short(queue)+"\x00\x00\x00\x00\x00\x00\x00\x00")
	default:
		if reply, ok := replies[m]; ok {
			c.send(channel, reply, contents[reply])
		}
	}
}

// send writes a method. It fails when the other side is gone.
func (c *scriptedConn) send(channel uint16, m method, args string) {
	_ = c.write(frameMethod, channel, append(binary.BigEndian.AppendUint32(nil, uint32(m)), args...))
}

func (c *scriptedConn) write(kind byte, channel uint16, payload []byte) error {
	b := binary.BigEndian.AppendUint16([]byte{kind}, channel)
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(payload))), payload...)
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.conn.Write(append(b, 0xce))
	return err
}

// publisher is the channel on which an exporter publishes: its first.
const publisher = 1

// ack confirms a message, and all before it that have no confirm if multiple.
func (l *letter) ack(multiple bool) { l.conn.confirm(basicAck, l.tag, multiple) }

// nack refuses it.
func (l *letter) nack(multiple bool) { l.conn.confirm(basicNack, l.tag, multiple) }

func (c *scriptedConn) confirm(m method, tag uint64, multiple bool) {
	flag := byte(0)
	if multiple {
		flag = 1
	}
	c.send(publisher, m, string(append(binary.BigEndian.AppendUint64(nil, tag), flag)))
}

// giveBack returns it, with all of its properties and its body.
func (l *letter) giveBack() {
	l.conn.send(publisher, basicReturn, "\x01\x38"+short("NO_ROUTE")+short(l.exchange)+short(l.key))
	_ = l.conn.write(frameHeader, publisher, l.header)
	for body := l.body; len(body) > 0; {
		n := min(len(body), 1<<16)
		_ = l.conn.write(frameBody, publisher, body[:n])
		body = body[n:]
	}
}

// closeChannel ends a channel for an error.
func (c *scriptedConn) closeChannel(channel uint16, code int, text string) {
	c.send(channel, channelClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+short(text)+"\x00\x00\x00\x00")
}

// block says that the broker takes nothing, unblock that it does.
func (c *scriptedConn) block(reason string) { c.send(0, connectionBlocked, short(reason)) }
func (c *scriptedConn) unblock()            { c.send(0, connectionUnblocked, "") }

// short and long are texts of at most 255 bytes, and of more (AMQP 0-9-1, 4.2.5.3).
func short(s string) string { return string([]byte{byte(len(s))}) + s }
func long(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// table has texts, and says that the broker confirms and tells when it is blocked.
func table(texts map[string]string) string {
	var b bytes.Buffer
	for name, text := range texts {
		b.WriteString(short(name) + "S" + long(text))
	}
	b.WriteString(short("capabilities") + "F" + long(short("publisher_confirms")+"t\x01"+short("connection.blocked")+"t\x01"))
	return long(b.String())
}

// arguments reads a method's.
type arguments struct{ rest []byte }

func (a *arguments) take(n int) []byte {
	p := a.rest[:n]
	a.rest = a.rest[n:]
	return p
}

func (a *arguments) text() string { return string(a.take(int(a.take(1)[0]))) }

func (a *arguments) longText() string {
	return string(a.take(int(binary.BigEndian.Uint32(a.take(4)))))
}

// table reads one of texts and numbers.
func (a *arguments) table() amqp.Table {
	in, all := arguments{rest: []byte(a.longText())}, amqp.Table{}
	for len(in.rest) > 0 {
		name := in.text()
		switch in.take(1)[0] {
		case 'S':
			all[name] = in.longText()
		case 'l':
			all[name] = int64(binary.BigEndian.Uint64(in.take(8)))
		case 'I':
			all[name] = int64(int32(binary.BigEndian.Uint32(in.take(4))))
		}
	}
	return all
}
