package pipeline

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
)

// metricsOf are the lines of the metrics page that an agent gives.
func metricsOf(t *testing.T, a *Agent) map[string]float64 {
	t.Helper()
	registry := telemetry.NewRegistry("test")
	registry.MustRegister(telemetry.Collector(a.collect))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}

func TestABrokerThatTakesNothingIsSeenInStatusLogAndMetrics(t *testing.T) {
	b := rabbitmq.Start(t, rabbitmq.Options{})
	n := newNode(t)
	n.write("one")
	a, stop := n.start(`{rabbitmq: {endpoints: ["amqp://` + b.Nodes[0].Address + `"], user: guest, password: guest, start_at: beginning}}`)
	defer stop()
	delivered := func() uint64 { return a.Snapshot().Ledgers["rabbitmq"].Delivered }
	n.until("the first line is delivered", func() bool { return delivered() == 1 })
	m := metricsOf(t, a)
	for _, name := range []string{"tailrace_exporter_blocked rabbitmq", "tailrace_exporter_unstored_messages_total rabbitmq lost",
		"tailrace_exporter_unstored_messages_total rabbitmq refused", "tailrace_exporter_unstored_messages_total rabbitmq returned"} {
		if v, given := m[name]; !given || v != 0 {
			t.Errorf("%s is %v (given: %t)", name, v, given)
		}
	}
	b.MemoryAlarm(true)
	n.write("two")
	n.until("status says that the broker is blocked", func() bool {
		e := a.Report().Exporters[0]
		return strings.Contains(e.Failing, "blocks publishers") && strings.Contains(e.Cure, "free memory")
	})
	if m := metricsOf(t, a); m["tailrace_exporter_blocked rabbitmq"] != 1 {
		t.Errorf("%v", m)
	}
	if log := n.logs.String(); !strings.Contains(log, "blocks publishers") || !strings.Contains(log, "free memory") {
		t.Error(log)
	}
	b.MemoryAlarm(false)
	n.until("the second line is delivered", func() bool { return delivered() == 2 })
	if m := metricsOf(t, a); m["tailrace_exporter_blocked rabbitmq"] != 0 {
		t.Errorf("%v", m)
	}
	// A queue that is gone is declared anew, and the message counted.
	b.DeleteQueue("tailrace")
	n.write("three")
	n.until("the third line is delivered", func() bool { return delivered() == 3 })
	if m := metricsOf(t, a); m["tailrace_exporter_unstored_messages_total rabbitmq returned"] == 0 {
		t.Errorf("%v", m)
	}
	if l := a.Snapshot().Ledgers["rabbitmq"]; !l.Balanced() || l.Read != 3 {
		t.Errorf("%v", l)
	}
}

func TestABrokerThatIsNotThereIsSeenInStatus(t *testing.T) {
	n := newNode(t)
	n.write("one")
	a, stop := n.startAs(n.config(`{rabbitmq: {endpoints: ["amqp://127.0.0.1:1"], user: guest, password: hunter2}}`), func() Options {
		o := n.options()
		o.Drain = 1
		return o
	}())
	defer stop()
	n.until("status says so", func() bool {
		return strings.Contains(a.Report().Exporters[0].Failing, "no connection to 127.0.0.1:1")
	})
	if strings.Contains(n.logs.String(), "hunter2") {
		t.Error("the password is in the log")
	}
}
