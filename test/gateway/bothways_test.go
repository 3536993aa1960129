package gateway

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

// node is an agent that sends its lines to Elasticsearch and to a queue.
type node struct {
	*testkit.Rig
	lines int
}

const queueOfNode = "both"

func (r *inElasticsearch) startNode() (*node, *testkit.Process) {
	r.t.Helper()
	n := &node{Rig: testkit.NewRig(r.t)}
	config := n.Configure(fmt.Sprintf(`
receivers:
  files: {include: [%q], start_at: beginning}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms}}
  rabbitmq: {endpoints: ["amqp://%s"], vhost: %q, user: %s, password: %s, queue: %s}
`, n.Path("plain", "*.log"), r.es.URL, r.broker.Nodes[0].Address, r.broker.VirtualHost, rabbitmq.User, rabbitmq.Password, queueOfNode),
		"    logs: {receivers: [files], exporters: [elasticsearch, rabbitmq]}\n")
	return n, n.StartAgent(config)
}

// write adds lines to the node's log.
func (n *node) write(more int) {
	n.TB.Helper()
	f, err := os.OpenFile(n.Path("plain", "app.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		n.TB.Fatal(err)
	}
	defer f.Close()
	var text strings.Builder
	for range more {
		n.lines++
		fmt.Fprintf(&text, "line %d of this node\n", n.lines)
	}
	if _, err := f.WriteString(text.String()); err != nil {
		n.TB.Fatal(err)
	}
}

// A node sends each line by two ways, directly and through a queue whose gateway
// comes late and behind rollovers. Elasticsearch has each line once.
func TestElasticsearchHoldsEveryLineOnceThatANodeSendsByBothWays(t *testing.T) {
	r := newElasticsearch(t)
	const stream = "logs-generic.otel-default"
	r.es.TakeLogs("default")
	r.es.Do("DELETE", "/_data_stream/"+stream, "")
	r.stream = stream
	r.override("receivers: {rabbitmq: {queue: " + queueOfNode + "}}")
	n, agent := r.startNode()
	direct := func() {
		t.Helper()
		n.write(1000)
		testkit.Grows(t, "lines arrive directly", n.lines, func() (int, string) { return r.es.Count(stream+"*", "*"), agent.Tail() })
	}
	direct()
	r.es.Must("POST", "/"+stream+"/_rollover", "")
	gateway := r.start()
	r.received(gateway, n.lines)
	r.es.Must("POST", "/"+stream+"/_rollover", "")
	direct()
	r.received(gateway, n.lines)
	figures, err := r.Figures()
	r.must(err)
	if removed := figures.Sum("tailrace_exporter_removed_documents_total"); removed < 1000 {
		t.Errorf("%d copies behind the rollover were removed, want those of the first thousand lines", removed)
	}
	agent.Stop()
	gateway.Stop()
	if got := r.es.Count(stream, "*"); got != n.lines {
		t.Errorf("Elasticsearch has %d documents of %d lines", got, n.lines)
	}
}

// received waits until a gateway has so many documents, and every message of
// theirs is acknowledged.
func (r *rig) received(gateway *testkit.Process, documents int) {
	r.t.Helper()
	testkit.Grows(r.t, "documents come through the queue", documents, func() (int, string) {
		f, err := r.Figures()
		if err != nil || f.Sum("tailrace_receiver_outstanding_messages") > 0 {
			return 0, gateway.Tail()
		}
		return f.Sum("tailrace_receiver_documents_total"), gateway.Tail()
	})
}
