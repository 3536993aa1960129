package rabbitmq

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// node is an agent's part behind the lanes with an exporter to a real broker.
type node struct {
	t          *testing.T
	journal    *journal.Journal
	cursor     *journal.Cursor
	dead, park *journal.Store
	shipper    *shipping.Shipper
	builder    *frame.Builder
	// namespace is the documents', which are numbered by docs.
	namespace string
	docs      int
}

func nodeOf(t *testing.T, c Config) *node {
	n := &node{t: t, builder: frame.NewBuilder(1), namespace: "shop"}
	disk := crashfs.New()
	open := func(dir string, owner func(*journal.Refused) string) *journal.Store {
		s, err := journal.OpenStore(journal.StoreOptions{FS: disk, Dir: dir, Quota: 32 << 20, Owner: owner})
		n.must(err)
		return s
	}
	var err error
	n.journal, err = journal.Open(journal.Options{FS: disk, Dir: "d/logs"})
	n.must(err)
	n.cursor, err = n.journal.Cursor("e", journal.CursorOptions{StartAtBeginning: true})
	n.must(err)
	n.dead, n.park = open("d/deadletter", journal.ByContainer), open("d/park", journal.ByIndex)
	o := c.Shipping()
	o.Name, o.Cursor, o.Exporter, o.DeadLetter, o.Park = "e", n.cursor, exporterOf(t, c), n.dead, n.park
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	n.shipper = shipping.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.shipper.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		n.must(<-done)
		n.must(n.journal.Close())
		n.must(n.dead.Close())
		n.must(n.park.Close())
	})
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// add journals a frame with a document for each text.
func (n *node) add(texts ...string) {
	n.t.Helper()
	for _, text := range texts {
		n.builder.Var(fmt.Appendf(nil, `{"create":{"_index":"logs-nginx.access.otel-%s","_id":"%d"}}`+"\n"+`{"body":{"text":%q}}`+"\n", n.namespace, n.docs, text))
		n.builder.EndDoc(1, 1)
		n.docs++
	}
	docs := uint64(len(texts))
	counts := event.Counts{Lines: docs, DocLines: docs, Docs: docs}
	n.must(n.journal.Append(n.t.Context(), n.builder.Seal(frame.Meta{Class: "default", Counts: counts,
		Sources: []frame.Source{{Namespace: "shop", Counts: counts}}})))
	n.must(n.journal.Flush(n.t.Context()))
}

// passed waits until the position has passed all frames.
func (n *node) passed() journal.Result {
	n.t.Helper()
	n.wait(func() bool { return n.cursor.Stats().Pending.Frames == 0 })
	return n.cursor.Stats().Result
}

func (n *node) wait(until func() bool) {
	n.t.Helper()
	for end := time.Now().Add(limit); !until(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("%+v", n.shipper.Stats())
		}
	}
}

// arrived takes all frames of a queue and counts their documents by their ids.
func arrived(t *testing.T, ch *amqp.Channel, queue string) (docs map[string]int, messages int) {
	t.Helper()
	docs = map[string]int{}
	for ; ; messages++ {
		d, ok, err := ch.Get(queue, true)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return docs, messages
		}
		f, err := parse(d)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := frame.Inflate(nil, f.Payload, &f.Meta)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range frame.Documents(plain) {
			docs[string(bytes.TrimSpace(doc.Action))]++
		}
	}
}

func TestAFrameOverTheSizeLimitArrivesInPiecesAndATooLargeDocumentIsDead(t *testing.T) {
	b := shared.plain.Take(t)
	n := nodeOf(t, configFor(b))
	var texts []string
	for range 20 {
		texts = append(texts, noise(150_000))
	}
	texts[7] = noise(1_500_000)
	n.add("small", "frame")
	n.add(texts...)
	n.add("another", "one")
	r := n.passed()
	if r.DeliveredDocs != 23 || r.DeadDocs != 1 || r.ParkedDocs != 0 {
		t.Errorf("%+v", r)
	}
	docs, messages := arrived(t, client(t, b), "tailrace")
	if len(docs) != 23 || messages < 2+4 {
		t.Errorf("%d documents in %d messages", len(docs), messages)
	}
	for id, times := range docs {
		if times != 1 {
			t.Errorf("%s arrived %d times", id, times)
		}
	}
	letters, err := n.dead.Documents(n.dead.Bundles("e")[0])
	if err != nil || len(letters) != 1 || letters[0].Type != "too_large" || len(letters[0].Document) < 1_500_000 {
		t.Errorf("%d letters, %v", len(letters), err)
	}
}

func TestATooLargeDocumentIsDeadInModeDocumentToo(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Mode = modeDocument
	n := nodeOf(t, c)
	n.add("a", noise(1_500_000), "b")
	r := n.passed()
	if r.DeliveredDocs != 2 || r.DeadDocs != 1 {
		t.Errorf("%+v", r)
	}
	// What was before it on the closed channel may have come twice.
	seen := map[string]bool{}
	ch := client(t, b)
	for {
		d, ok, err := ch.Get("tailrace", true)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		seen[d.MessageId] = true
	}
	if len(seen) != 2 || !seen["0"] || !seen["2"] {
		t.Errorf("%v", seen)
	}
}

func TestDocumentsThatNoQueueTakesAreParkedBesideOthersAndArriveWhenOneIsBound(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	if err := ch.ExchangeDeclare("tailrace", "topic", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	mustBind(t, ch, "shops", "logs.shop.nginx.#")
	c := configFor(b)
	c.Mode, c.Declare, c.Queue = modeDocument, passive, ""
	n := nodeOf(t, c)
	n.namespace = "bank"
	n.add("a", "b")
	n.wait(func() bool { return n.shipper.Stats().Trouble.Holding }) // it may be the exchange
	n.namespace = "shop"
	n.add("c")
	if r := n.passed(); r.ParkedDocs != 2 || r.DeliveredDocs != 1 {
		t.Errorf("%+v", r)
	}
	receive(t, ch, "shops", 1)
	mustBind(t, ch, "banks", "logs.bank.#")
	n.shipper.RetryParked()
	n.wait(func() bool { return len(n.park.Bundles("e")) == 0 })
	for _, d := range receive(t, client(t, b), "banks", 2) {
		if d.RoutingKey != "logs.bank.nginx.access" || d.MessageId != "0" && d.MessageId != "1" {
			t.Errorf("key %s, id %s", d.RoutingKey, d.MessageId)
		}
	}
	if s := n.shipper.Stats(); s.Sent.Docs != 3 || s.Dead.Docs != 0 {
		t.Errorf("%+v", s)
	}
}

func TestNothingIsDeliveredBeforeALossyQueueIsGone(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	if _, err := ch.QueueDeclare("tailrace", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	c := configFor(b)
	c.Retry.MaxInterval = 200 * time.Millisecond
	n := nodeOf(t, c)
	n.add("a")
	n.wait(func() bool { return n.shipper.Stats().Trouble.Holding })
	if got := n.cursor.Stats().Result.DeliveredDocs; got != 0 || b.Queue("tailrace").Messages != 0 {
		t.Errorf("%d delivered, %d in the queue", got, b.Queue("tailrace").Messages)
	}
	b.DeleteQueue("tailrace")
	if r := n.passed(); r.DeliveredDocs != 1 {
		t.Errorf("%+v", r)
	}
	if docs, _ := arrived(t, ch, "tailrace"); len(docs) != 1 {
		t.Errorf("%v", docs)
	}
}
