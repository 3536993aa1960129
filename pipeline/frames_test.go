package pipeline

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
)

func TestGatewayExampleIsValid(t *testing.T) {
	cfg, err := config.Check([]string{"../gateway.example.yaml"}, Kinds())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		t.Error(w)
	}
}

// gateway is a configuration with a queue and a backend that nobody answers
// for.
func (n *node) gateway() *config.Config {
	n.t.Helper()
	cfg, err := config.Load([]string{fmt.Sprintf(`yaml:
receivers: {rabbitmq: {endpoints: ["amqp://127.0.0.1:9"], user: u, password: p}}
exporters: %s
service:
  node: test
  journal: {type: memory, directory: %q}
  telemetry: {metrics: {address: ""}}
  pipelines: {logs: {receivers: [rabbitmq], exporters: [elasticsearch]}}
`, deadEnd, filepath.Join(n.dir, "state"))})
	if err != nil {
		n.t.Fatal(err)
	}
	return cfg
}

// The broker hears that a frame is delivered before its number is saved, and
// does not send it again.
func TestGatewayKeepsDeadLettersOfFramesWhoseNumbersWereNotSaved(t *testing.T) {
	n := newNode(t)
	a, stop := n.startWith(n.gateway())
	err := a.dead.Put(t.Context(), []journal.Refused{{Exporter: "elasticsearch", Frame: 7, Lines: 1}})
	if err != nil {
		t.Error(err)
	}
	stop()
	a, stop = n.startWith(n.gateway())
	defer stop()
	if st := a.dead.Stats(); len(st) != 1 || st[0].Docs != 1 {
		t.Errorf("the dead letters are %+v", st)
	}
}
