package hazards

import (
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// tenants are the two sinks of a node, and whose records belong into them.
type tenants struct {
	*node
	bank *testkit.Sink
}

// newTenants sends one namespace to a sink of its own, which follows a script.
func newTenants(t *testing.T, script string) *tenants {
	t.Helper()
	n := &tenants{node: newNode(t, "ok")}
	n.bank = n.StartSink("bank", script)
	n.override(fmt.Sprintf(`
exporters:
  elasticsearch: {classes: [default]}
  elasticsearch/bank: {endpoints: [%q], classes: [bank], flush: {interval: 100ms}}
service:
  routes: [{match: {k8s.namespace.name: bank}, class: bank}]
  pipelines: {logs: {exporters: [elasticsearch, elasticsearch/bank]}}
`, n.bank.URL))
	return n
}

// arrivals are what a sink was sent.
func (n *tenants) arrivals(s *testkit.Sink) []oracle.Arrival {
	n.TB.Helper()
	all, err := oracle.ReadRecord(s.Record)
	if err != nil {
		n.TB.Fatal(err)
	}
	return all
}

// judgedTogether judges both sinks as one, and that each has its tenant's records
// and no others.
func (n *tenants) judgedTogether() {
	n.TB.Helper()
	account, scan := n.Account(), oracle.NewJournalScan(n.Segments())
	if err := scan.More(); err != nil {
		n.TB.Fatal(err)
	}
	rest, bank := n.arrivals(n.sink), n.arrivals(n.bank)
	v := oracle.Judge(oracle.Evidence{Ledger: account, Sink: append(rest[:len(rest):len(rest)], bank...), Journal: scan.Docs})
	if len(v.Violations) > 0 {
		n.TB.Error(v)
	}
	of := make(map[string]string)
	for _, e := range account.Entries {
		of[e.Stream] = e.Namespace
	}
	for _, a := range rest {
		if of[a.Stream] == "bank" {
			n.TB.Fatalf("a record of %s reached the other tenant's sink", a.Stream)
		}
	}
	for _, a := range bank {
		if of[a.Stream] != "bank" {
			n.TB.Fatalf("a record of %s reached the bank's sink", a.Stream)
		}
	}
}

// TestTenantsHaveOutputsOfTheirOwn routes a namespace to a backend of its own
// that is down at first. The others' records arrive meanwhile, the agent is
// killed, and in the end each backend has its own records, once.
func TestTenantsHaveOutputsOfTheirOwn(t *testing.T) {
	t.Parallel()
	n := newTenants(t, "503")
	agent := n.start()
	generator := n.Generate("-seed", seed(71), "-containers", "4", "-plains", "1", "-rate", "400", "-limit", "65536")
	n.figure("the bank's backend refuses", atLeast(1), "tailrace_exporter_requests_total", `exporter="elasticsearch/bank"`)
	testkit.Eventually(t, "the others' records arrive", func() (bool, string) { return n.sink.Stats().Stored > 200, agent.Tail() })
	agent.Kill()
	agent = n.start()
	testkit.Eventually(t, "they go on to", func() (bool, string) { return n.sink.Stats().Stored > 600, agent.Tail() })
	generator.Stop()
	account, banks := n.Account(), 0
	for _, e := range account.Entries {
		if e.Namespace == "bank" {
			banks++
		}
	}
	n.Drained(n.sink, agent, len(account.Entries)-banks)
	if stored := n.bank.Stats().Stored; stored > 0 || banks == 0 {
		t.Fatalf("the bank's backend stored %d of %d records: it was not down", stored, banks)
	}
	n.bank.Behave("ok")
	n.Drained(n.bank, agent, banks)
	n.judgedTogether()

	all, own := account.Totals("").Lines, account.Totals("bank").Lines
	for exporter, lines := range map[string]int{"elasticsearch": all - own, "elasticsearch/bank": own} {
		label := fmt.Sprintf("exporter=%q", exporter)
		n.figure("every line of its own was sent", exactly(lines), "tailrace_exporter_sent_log_records_total", label)
		n.figure("every other one is accounted for", exactly(all-lines), "tailrace_exporter_excluded_log_records_total", label)
		n.figure("none is pending", exactly(0), "tailrace_exporter_pending_log_records", label)
	}
	agent.Stop()
}
