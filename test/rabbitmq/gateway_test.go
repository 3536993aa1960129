package rabbitmq

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/tailrace/tailrace/internal/testkit"
	broker "github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

// gateway is the agent between the queue and what plays Elasticsearch.
type gateway struct {
	*testkit.Process
	*site
	metrics string
}

// gatewayOptions differ from what is usual.
type gatewayOptions struct {
	// receiver are more keys of the receiver, such as "return_after: 2s".
	receiver []string
	// url is where Elasticsearch is, the site's sink when it is empty.
	url string
}

// gateway starts one. Each has a configuration and figures of its own.
func (s *site) gateway(o gatewayOptions) *gateway {
	s.TB.Helper()
	s.runs++
	g := &gateway{site: s, metrics: testkit.FreeAddress(s.TB)}
	var urls []string
	for _, n := range s.broker.Nodes {
		urls = append(urls, fmt.Sprintf("%q", "amqp://"+n.Address))
	}
	keys := append([]string{
		"endpoints: [" + strings.Join(urls, ", ") + "]",
		fmt.Sprintf("vhost: %q, user: %s, password: %s", s.broker.VirtualHost, broker.User, broker.Password),
		"heartbeat: 1s, timeout: 3s",
	}, o.receiver...)
	config := s.Path(fmt.Sprintf("gateway-%03d.yaml", s.runs))
	text := fmt.Sprintf(`receivers:
  rabbitmq: {%s}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}, retry: {max_interval: 1s}}
service:
  node: gateway
  journal: {type: memory, directory: "", max_size: 16MiB}
  telemetry: {metrics: {address: %q}}
  pipelines:
    logs: {receivers: [rabbitmq], exporters: [elasticsearch]}
`, strings.Join(keys, ", "), cmp.Or(o.url, s.sink.URL), g.metrics)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		s.TB.Fatal(err)
	}
	g.Process = s.Start(fmt.Sprintf("gateway-%03d", s.runs), cmp.Or(s.binary, testkit.Agent(s.TB)), "run", "--config", config)
	return g
}

// figure is the sum of a metric of the gateway.
func (g *gateway) figure(name string, labels ...string) int {
	g.TB.Helper()
	value := 0
	testkit.Eventually(g.TB, "the gateway answers", func() (bool, string) {
		f, err := testkit.FiguresAt(g.metrics)
		if err != nil {
			return false, g.Tail()
		}
		value = f.Sum(name, labels...)
		return true, ""
	})
	return value
}

// holds waits until consumers have messages of the queue without an ack.
func (s *site) holds() {
	s.TB.Helper()
	testkit.Eventually(s.TB, "a consumer holds messages", func() (bool, string) {
		q := s.broker.Queue(queue)
		return q.Consumers > 0 && q.Messages > q.Ready, fmt.Sprintf("%+v", q)
	})
}

// arrives waits until the sink has so many documents more than now.
func (s *site) arrives(more int) {
	s.TB.Helper()
	testkit.Grows(s.TB, "documents arrive", s.sink.Stats().Stored+more, func() (int, string) { return s.sink.Stats().Stored, "" })
}
