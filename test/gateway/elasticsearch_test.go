package gateway

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/message"
)

// inElasticsearch is a rig with a data stream of its own.
type inElasticsearch struct {
	*rig
	es *elastic.Server
}

func newElasticsearch(t *testing.T) *inElasticsearch {
	t.Helper()
	r := &inElasticsearch{newRig(t), server.Take(t)}
	namespace := fmt.Sprintf("gateway%d", time.Now().UnixNano())
	r.es.TakeLogs(namespace)
	r.stream = "logs-generic.otel-" + namespace
	r.configure(r.es.URL)
	return r
}

// stored waits until Elasticsearch has so many documents and the queue none.
func (r *inElasticsearch) stored(want int, gateway *testkit.Process) {
	r.t.Helper()
	testkit.Grows(r.t, "Elasticsearch has everything", want, func() (int, string) {
		if !gateway.Running() {
			r.t.Fatalf("the gateway has ended\n%s", gateway.Tail())
		}
		return r.es.Count(r.stream+"*", "*"), gateway.Tail()
	})
	r.empty(gateway)
	if n := r.es.Count(r.stream+"*", "*"); n != want {
		r.t.Errorf("Elasticsearch has %d documents, want %d", n, want)
	}
}

// Frames that come twice, over a gateway that is killed, are in Elasticsearch
// once.
func TestElasticsearchHoldsEveryDocumentOnceThatCameThroughAQueue(t *testing.T) {
	r := newElasticsearch(t)
	r.publishFrames("node-1", 0, 20)
	gateway := r.start()
	r.stored(1000, gateway)
	gateway.Kill()
	r.publishFrames("node-1", 0, 40)
	gateway = r.start()
	r.stored(2000, gateway)
	gateway.Stop()
}

// A node delivers directly and through a gateway, and the data stream rolls over
// between the two, and once more before the broker delivers again.
func TestElasticsearchHoldsEveryDocumentOnceThatCameByTwoWaysAcrossRollovers(t *testing.T) {
	r := newElasticsearch(t)
	var direct strings.Builder
	var frames []message.Message
	journaled := time.Now()
	for seq := range 10 {
		frames = append(frames, r.frameOf("node-1", seq, 50, journaled))
		for _, d := range r.documents("node-1", seq, 50, journaled) {
			direct.WriteString(d[0] + "\n" + d[1] + "\n")
		}
	}
	if answer := r.es.Must("POST", "/_bulk?filter_path=errors", direct.String()); !strings.Contains(answer, "false") {
		t.Fatal(answer)
	}
	gateway := r.start()
	for i := range 2 {
		r.es.Must("POST", "/"+r.stream+"/_rollover", "")
		r.publish(frames...)
		r.acknowledged(gateway, (i+1)*len(frames))
	}
	r.stored(500, gateway)
	figures, err := r.Figures()
	r.must(err)
	if n := figures.Sum("tailrace_exporter_removed_documents_total"); n != 1000 {
		t.Errorf("%d younger copies were removed, want the 500 documents of each time", n)
	}
	gateway.Stop()
}

// another is a message of a producer that is no node.
func another(body string) amqp.Publishing {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	z.Close()
	return amqp.Publishing{ContentType: "application/x-ndjson", ContentEncoding: "gzip", DeliveryMode: amqp.Persistent, Body: b.Bytes()}
}

// redelivered has the broker say of all messages of the queue that it has
// delivered them before.
func (r *rig) redelivered(messages int) {
	r.t.Helper()
	for range messages {
		testkit.Eventually(r.t, "there is a message", func() (bool, string) {
			_, ok, err := r.channel.Get(queue, false)
			r.must(err)
			return ok, ""
		})
	}
	r.must(r.channel.Nack(0, true, true))
	r.has(messages)
}

// Other producers' documents are created, or replaced by index actions, and those
// without ids are no reason to wait when they come again behind a rollover.
func TestElasticsearchHoldsTheDocumentsOfOtherProducers(t *testing.T) {
	r := newElasticsearch(t)
	r.override("exporters: {elasticsearch: {retry: {max_interval: 500ms}}}")
	plainIndex := strings.Replace(r.stream, "logs-", "other-", 1)
	doc := func(action, index, id, text string) string {
		return fmt.Sprintf(`{%q:{"_index":%q%s}}`+"\n"+`{"@timestamp":"2026-01-02T03:04:05Z","body":{"text":%q}}`+"\n", action, index, id, text)
	}
	body := doc("create", r.stream, `,"_id":"1"`, "with an id") + doc("create", r.stream, "", "without") + doc("index", plainIndex, `,"_id":"1"`, "replaced")
	gateway := r.start()
	send := func() {
		t.Helper()
		confirm, err := r.channel.PublishWithDeferredConfirm("", queue, true, false, another(body))
		r.must(err)
		if !confirm.Wait() {
			t.Fatal("the broker did not take a message")
		}
	}
	send()
	r.stored(2, gateway)
	gateway.Stop()
	r.es.Must("POST", "/"+r.stream+"/_rollover", "")
	send()
	r.redelivered(1)
	gateway = r.start()
	r.stored(3, gateway)
	gateway.Stop()
	if n := r.es.Count(plainIndex, "*"); n != 1 {
		t.Errorf("the index has %d documents, want the one that was replaced", n)
	}
}
