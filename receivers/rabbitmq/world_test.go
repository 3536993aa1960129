package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"github.com/tailrace/tailrace/internal/amqpconn"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
)

func TestMain(m *testing.M) {
	status := m.Run()
	brokers.Stop()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// world is a consumer between a broker and a journal that the test plays.
type world struct {
	t *testing.T
	*consumer
	stopReceiving, stopAcknowledging context.CancelFunc
	ended                            chan error

	mu sync.Mutex
	// log is what the consumer told the broker and the journal.
	log []string
	// frames are those that the journal has, by their tags.
	frames  map[uint64]*frame.Sealed
	full    chan struct{}
	buried  []*Poison
	durable bool
	refuses error

	deliveries chan *arrival
	closed     chan *amqp.Error
	tag        uint64
	// away is why the broker cannot be reached.
	away error
}

// in runs a test beside a consumer, in a time of its own.
func in(t *testing.T, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, frames: map[uint64]*frame.Sealed{}, ended: make(chan error, 1), durable: true, closed: make(chan *amqp.Error, 1)}
		c := DefaultConfig()
		o := Options{Journal: w, DeadLetters: w, Budget: 64 << 20}
		w.consumer = newConsumer("q", &c, o, w.connect, slog.New(slog.NewTextHandler(io.Discard, nil)))
		receiving, stopReceiving := context.WithCancel(context.Background())
		acknowledging, stopAcknowledging := context.WithCancel(context.Background())
		w.stopReceiving, w.stopAcknowledging = stopReceiving, stopAcknowledging
		go func() { w.ended <- w.run(receiving, acknowledging) }()
		synctest.Wait()
		test(w)
		stopReceiving()
		stopAcknowledging()
		if err := <-w.ended; err != nil {
			t.Error(err)
		}
		w.addsUp()
	})
}

// addsUp says whether every message is somewhere.
func (w *world) addsUp() {
	w.t.Helper()
	s := w.figures.snapshot()
	if s.Received != s.Acknowledged+s.Returned+s.Dead+s.Dropped+uint64(s.Outstanding) {
		w.t.Errorf("messages are missing: %+v", s)
	}
}

// note keeps the last of several acks in a row: how many frames go into one is
// a matter of chance.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if n := len(w.log); n > 0 && strings.HasPrefix(text, "ack ") && strings.HasPrefix(w.log[n-1], "ack ") {
		w.log = w.log[:n-1]
	}
	w.log = append(w.log, text)
}

// told compares what the broker and the journal were told since it was asked
// last.
func (w *world) told(want ...string) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := fmt.Sprint(w.log); got != fmt.Sprint(want) {
		w.t.Errorf("told %s, want %s", got, want)
	}
	w.log = nil
	w.addsUp()
}

func (w *world) connect(context.Context) (link, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away != nil {
		return nil, w.away
	}
	w.tag, w.closed = 0, make(chan *amqp.Error, 1)
	return w, nil
}

func (w *world) Consume(_ context.Context, queue string, prefetch int) (<-chan *arrival, error) {
	w.note("consume %s %d", queue, prefetch)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries = make(chan *arrival, 10_000)
	return w.deliveries, nil
}

func (w *world) Cancel(context.Context) error {
	w.note("cancel")
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.deliveries)
	return nil
}

func (w *world) Ack(tag uint64) error { w.note("ack %d", tag); return nil }

func (w *world) Nack(tag uint64, requeue bool) error { w.note("nack %d %v", tag, requeue); return nil }

func (w *world) Closed() <-chan *amqp.Error { return w.closed }

func (w *world) Close() {}

func (w *world) Address() string { return "mq1:5672" }

// Append is the journal's.
func (w *world) Append(ctx context.Context, s *frame.Sealed) error {
	w.mu.Lock()
	full := w.full
	w.mu.Unlock()
	if full != nil {
		select {
		case <-full:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames[s.Tag] = s
	return nil
}

func (w *world) Withdraw(frame.Origin) { w.note("withdraw") }

// Put is the dead letters'.
func (w *world) Put(_ context.Context, p *Poison) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuses != nil {
		return false, w.refuses
	}
	w.buried = append(w.buried, p)
	return w.durable, nil
}

// acknowledge is what the journal does with frames that are delivered.
func (w *world) acknowledge(tags ...uint64) {
	w.t.Helper()
	for _, tag := range tags {
		w.mu.Lock()
		s := w.frames[tag]
		w.mu.Unlock()
		if s == nil {
			w.t.Fatalf("the journal has no frame of message %d", tag)
		}
		s.Acknowledge()
	}
}

// delivery is a message as a node sends it.
func delivery() amqp.Delivery { return deliveryOf("1") }

// deliveryOf is one with a document whose body is some JSON.
func deliveryOf(body string) amqp.Delivery {
	b := frame.NewBuilder(1)
	b.AddDoc(frame.Doc{Action: []byte(`{"create":{"_index":"logs-a-b","_id":"1"}}`), Source: []byte(`{"body":` + body + `}`)})
	s := b.Seal(frame.Meta{Class: "default", MaybeSeen: true})
	s.Meta.JournalTime = time.Now().Add(-time.Hour).UnixNano()
	m := message.New(message.Origin{Journal: "j", Node: "n"}, message.Piece{
		Meta: &s.Meta, Docs: 1, PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}, nil)
	return amqp.Delivery{ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, Headers: m.Headers, MessageId: m.ID, Body: m.Body}
}

// deliver sends n messages at once, each changed as said.
func (w *world) deliver(n int, changes ...func(*amqp.Delivery)) {
	w.mu.Lock()
	for range n {
		w.tag++
		d := delivery()
		d.DeliveryTag = w.tag
		for _, change := range changes {
			change(&d)
		}
		w.deliveries <- &arrival{d, time.Now()}
	}
	w.mu.Unlock()
	synctest.Wait()
}

// errAway is a broker that cannot be reached.
var errAway = amqpconn.Deny(errors.New("wrong password"), "change it")
