package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/sink"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

const (
	// leastOfNaive is how many times less CPU time an agent must take for a
	// document than a publisher of one message each.
	leastOfNaive = 20
	// queueSecondLimit is how much more CPU time RabbitMQ may cost as a second
	// exporter.
	queueSecondLimit = 0.10
	// leastOfGateway is how many documents a gateway must pass on in a second of
	// its CPU time.
	leastOfGateway = 1e6
)

// BenchmarkRabbitMQ sends the lines of W1 from a node over a broker and a
// gateway to a sink, all on this machine, and compares what the node pays with
// a publisher that makes a message of each document, and with the same node
// without a broker:
//
//	go test ./bench -run '^$' -bench RabbitMQ -benchtime 7x
//
// Each way has its turn in each round, and only what happens in one round is
// compared.
func BenchmarkRabbitMQ(b *testing.B) {
	q := newQueueLab(b)
	var all []queueRound
	for b.Loop() {
		all = append(all, q.round())
	}
	reportQueue(b, all)
}

// queueLab is a lab with a broker.
type queueLab struct {
	*lab
	b      *testing.B
	broker *rabbitmq.Broker
	// lines are an agent's, naive those of the publisher of one message each.
	lines, naive int
}

// queueRound is what each way took in one round.
type queueRound struct {
	naive, alone, direct, both passage
}

// passage is some documents' way to their end, and the CPU time of who took
// part.
type passage struct {
	docs                   int
	took                   time.Duration
	node, broker, gateway  time.Duration
	nodeMemory, gateMemory int64
}

// perDocument is the CPU time of a part for one document.
func (p passage) perDocument(cpu time.Duration) float64 { return cpu.Seconds() / float64(p.docs) }

func newQueueLab(b *testing.B) *queueLab {
	b.Helper()
	l := &lab{options: options{dir: b.TempDir(), rounds: 1}}
	must(b, l.build(b.Context(), ".."))
	l.options.agent = l.agent
	l.self = filepath.Join(l.dir, "bench")
	if out, err := exec.Command("go", "build", "-o", l.self, ".").CombinedOutput(); err != nil {
		b.Fatalf("the yardsticks do not build: %v\n%s", err, out)
	}
	must(b, l.prepare(b.Context()))
	b.Cleanup(l.close)
	q := &queueLab{lab: l, b: b, broker: rabbitmq.Start(b, rabbitmq.Options{}), lines: 2_000_000, naive: 60_000}
	if os.Getenv(shortRounds) != "" {
		q.lines, q.naive = 400_000, 20_000
	}
	lines := corpus.New(corpus.SlogJSON, 1, time.Now().Add(-time.Hour))
	must(b, corpus.Number(0).Write(filepath.Join(l.dir, "pods"), lines, q.lines))
	return q
}

func (q *queueLab) round() queueRound {
	return queueRound{
		naive:  q.naively(),
		alone:  q.agentWith(1, viaRabbitMQ),
		direct: q.agentWith(1, viaElasticsearch),
		both:   q.agentWith(2, viaElasticsearch, viaRabbitMQ),
	}
}

// naively publishes each document on its own.
func (q *queueLab) naively() (p passage) {
	q.b.Helper()
	before, began := q.brokerCPU(), time.Now()
	cpu, err := q.child(q.b.Context(), "ref-queue", "-kind", string(corpus.SlogJSON),
		"-path", corpus.Number(0).Path(filepath.Join(q.dir, "pods")), "-url", q.broker.URL(q.broker.Nodes[0]), "-lines", strconv.Itoa(q.naive))
	must(q.b, err)
	p = passage{docs: q.naive, took: time.Since(began), node: cpu, broker: q.brokerCPU() - before}
	q.broker.DeleteQueue("ref-queue")
	return p
}

func (q *queueLab) brokerCPU() time.Duration {
	d, err := cpuOfRunning(q.broker.Nodes[0].PID())
	must(q.b, err)
	return d
}

// The exporters of a node, with settings that fit the broker and the sink.
const viaElasticsearch, viaRabbitMQ = "elasticsearch", "rabbitmq"

// agentWith sends the lines once by each exporter, with a gateway behind the
// broker, and waits until the sink has all copies of them.
func (q *queueLab) agentWith(copies int, exporters ...string) (p passage) {
	q.b.Helper()
	ctx, cancel := context.WithTimeout(q.b.Context(), agentTimeout)
	defer cancel()
	_, err := sink.Read(q.url, true)
	must(q.b, err)
	var gateway *agent
	brokerBefore, began := q.brokerCPU(), time.Now()
	node, err := q.startWith(ctx, q.dir, q.nodeConfig(exporters))
	must(q.b, err)
	if slices.Contains(exporters, viaRabbitMQ) {
		q.awaitQueue(node)
		gateway = q.startGateway(ctx)
	}
	want := int64(copies * q.lines)
	counts, err := q.delivered(ctx, node, want)
	p = passage{docs: q.lines, took: time.Since(began), broker: q.brokerCPU() - brokerBefore}
	if counts.Docs != want {
		err = errors.Join(err, fmt.Errorf("%d documents arrived, want %d", counts.Docs, want))
	}
	must(q.b, err)
	p.node, p.nodeMemory, err = node.stop()
	must(q.b, err)
	if gateway != nil {
		p.gateway, p.gateMemory, err = gateway.stop()
		must(q.b, err)
	}
	must(q.b, os.RemoveAll(node.journal))
	return p
}

// awaitQueue waits until the node has declared what the gateway consumes.
func (q *queueLab) awaitQueue(node *agent) {
	for !q.broker.HasQueue("tailrace") {
		select {
		case err := <-node.done:
			q.b.Fatalf("the agent ended too early: %v\n%s", err, node.stderr.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (q *queueLab) nodeConfig(exporters []string) string {
	return fmt.Sprintf(`receivers:
  pods: {root: %%s, start_at: beginning}
exporters:
  elasticsearch: %s
  rabbitmq: {%s}
service:
  journal: {directory: %%s, max_size: 20GiB, min_free: 1%%%%}
  telemetry: {logs: {level: warn}, metrics: {address: "127.0.0.1:0"}}
  pipelines:
    logs: {receivers: [pods], exporters: [%s], mapping: otel}
`, eachSecond(q.url), q.reach(), strings.Join(exporters, ", "))
}

// reach are the keys by which the broker is reached.
func (q *queueLab) reach() string {
	return fmt.Sprintf("endpoints: [%q], user: %s, password: %s", "amqp://"+q.broker.Nodes[0].Address, rabbitmq.User, rabbitmq.Password)
}

// startGateway passes on what is in the queue to the sink.
func (q *queueLab) startGateway(ctx context.Context) *agent {
	q.b.Helper()
	dir := filepath.Join(q.dir, "gateway")
	must(q.b, os.MkdirAll(dir, 0o755))
	a, err := q.startWith(ctx, dir, fmt.Sprintf(`# reads no logs, %%s
receivers:
  rabbitmq: {%s}
exporters:
  elasticsearch: %s
service:
  journal: {directory: %%s, type: memory, max_size: 64MiB}
  telemetry: {logs: {level: warn}, metrics: {address: "127.0.0.1:0"}}
  pipelines:
    logs: {receivers: [rabbitmq], exporters: [elasticsearch]}
`, q.reach(), eachSecond(q.url)))
	must(q.b, err)
	return a
}

// reportQueue prints the medians, and fails when a goal is missed.
func reportQueue(b *testing.B, all []queueRound) {
	b.Helper()
	times := func(f func(queueRound) float64) float64 {
		var values []float64
		for _, r := range all {
			values = append(values, f(r))
		}
		slices.Sort(values)
		return values[(len(values)-1)/2]
	}
	than := times(func(r queueRound) float64 {
		return r.naive.perDocument(r.naive.node) / r.alone.perDocument(r.alone.node)
	})
	more := times(func(r queueRound) float64 { return r.both.node.Seconds()/r.direct.node.Seconds() - 1 })
	gateway := times(func(r queueRound) float64 { return 1 / r.alone.perDocument(r.alone.gateway) })
	hundred := func(f func(queueRound) float64) float64 { return 1e5 * times(f) }
	fmt.Printf("rabbitmq docs_per_s=%.0f x_less_cpu_than_naive=%.1f more_percent_as_second=%.1f gateway_docs_per_cpu_s=%.0f\n",
		times(func(r queueRound) float64 { return float64(r.alone.docs) / r.alone.took.Seconds() }), than, 100*more, gateway)
	fmt.Printf("rabbitmq cpu_s_per_100k_docs node=%.3f broker=%.3f gateway=%.3f naive_node=%.3f naive_broker=%.3f\n",
		hundred(func(r queueRound) float64 { return r.alone.perDocument(r.alone.node) }),
		hundred(func(r queueRound) float64 { return r.alone.perDocument(r.alone.broker) }),
		hundred(func(r queueRound) float64 { return r.alone.perDocument(r.alone.gateway) }),
		hundred(func(r queueRound) float64 { return r.naive.perDocument(r.naive.node) }),
		hundred(func(r queueRound) float64 { return r.naive.perDocument(r.naive.broker) }))
	fmt.Printf("rabbitmq peak_mib node=%.0f gateway=%.0f\n",
		times(func(r queueRound) float64 { return float64(r.alone.nodeMemory) / (1 << 20) }),
		times(func(r queueRound) float64 { return float64(r.alone.gateMemory) / (1 << 20) }))
	if err := cmp.Or(missed("times less CPU time than the naive publisher", than, leastOfNaive),
		missed("documents a CPU second through the gateway", gateway, leastOfGateway),
		missed("less than the limit as a second exporter", queueSecondLimit-more, 0)); err != nil {
		b.Error(err)
	}
}

func missed(what string, got, least float64) error {
	if got < least {
		return fmt.Errorf("%.2f %s, wanted at least %.0f", got, what, least)
	}
	return nil
}
