package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// The exporters of the ledger test: one works, one has nobody to talk to.
const (
	up   = "elasticsearch/up"
	down = "elasticsearch/down"
)

// TestLedgerIsTheOraclesOwnCount compares the agent's figures with what was
// written: pieces that are joined, lines that a rule drops, documents that are
// refused, a backend that is down, rotation, and kill -9 in between.
func TestLedgerIsTheOraclesOwnCount(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; make test runs it")
	}
	t.Parallel()
	r := testkit.NewRig(t)
	good, bad := r.StartSink("up", "ok"), r.StartSink("down", "reset")
	config := ledgerConfig(r, good, bad)
	agent := r.StartAgent(config)
	generator := r.Generate("-containers", "6", "-rate", "1200", "-limit", "98304", "-drops", "-poisons")
	for range 3 {
		time.Sleep(900 * time.Millisecond)
		agent.Kill()
		agent = r.StartAgent(config)
	}
	generator.Stop()
	account := r.Account()
	total := account.Totals("")
	if total.Split == 0 || total.Dropped == 0 || total.Poisoned == 0 {
		t.Fatalf("the load lacks something: %+v", total)
	}

	want := figuresOf(account)
	want.check(t, r, "when the load has ended")
	want.checkStatus(t, account, statusOf(t, config).isLive(t, true))
	agent.Kill()
	agent = r.StartAgent(config)
	want.check(t, r, "after one more kill")

	bad.Behave("ok")
	want.exporters[down] = want.exporters[up]
	want.check(t, r, "when the backend is back")
	agent.Stop()
	want.checkStatus(t, account, statusOf(t, config).isLive(t, false))
	for _, sink := range []*testkit.Sink{good, bad} {
		if v := r.Judge(sink); len(v.Violations) > 0 {
			t.Error(v)
		}
	}
}

func ledgerConfig(r *testkit.Rig, good, bad *testkit.Sink) string {
	return r.Configure(fmt.Sprintf(`
receivers:
  pods: {root: %s}
processors:
  filter: {rules: [{name: health, match: {url.path: /healthz}, action: drop}]}
exporters:
  %s: {endpoints: [%q], flush: {interval: 100ms}}
  %s: {endpoints: [%q], flush: {interval: 100ms}}
`, r.Path("pods"), up, good.URL, down, bad.URL),
		fmt.Sprintf("    logs: {receivers: [pods], processors: [filter], exporters: [%s, %s]}\n", up, down))
}

// ledger is what the agent's figures must be, in lines.
type ledger struct {
	namespaces map[string]oracle.Totals
	all        oracle.Totals
	exporters  map[string]outcome
}

// outcome is what became of the lines for an exporter.
type outcome struct{ delivered, pending, dead int }

func figuresOf(a *oracle.Account) ledger {
	all := a.Totals("")
	return ledger{
		namespaces: map[string]oracle.Totals{"shop": a.Totals("shop"), "bank": a.Totals("bank")},
		all:        all,
		exporters: map[string]outcome{
			up:   {delivered: all.Kept, dead: all.Poisoned},
			down: {pending: all.Kept + all.Poisoned},
		},
	}
}

// check waits until the agent has read everything and tried to deliver it, and
// then compares every figure.
func (l ledger) check(t *testing.T, r *testkit.Rig, when string) {
	t.Helper()
	testkit.Eventually(t, "the agent is done "+when, func() (bool, string) {
		differences := l.compare(t, r)
		return len(differences) == 0, fmt.Sprint(differences)
	})
}

// compare lists the figures that differ.
func (l ledger) compare(t *testing.T, r *testkit.Rig) []string {
	t.Helper()
	f, err := r.Figures()
	if err != nil {
		return []string{err.Error()}
	}
	var differences []string
	same := func(want int, name string, labels ...string) {
		if got := f.Sum(name, labels...); got != want {
			differences = append(differences, fmt.Sprintf("%s%v is %d, the oracle counts %d", name, labels, got, want))
		}
	}
	for name, total := range l.namespaces {
		label := fmt.Sprintf("namespace=%q", name)
		same(total.Lines, "tailrace_receiver_accepted_log_records_total", label)
		same(total.Bytes, "tailrace_receiver_accepted_bytes_total", label)
		same(0, "tailrace_receiver_lost_bytes_total", label)
	}
	same(l.all.Dropped, "tailrace_processor_dropped_log_records_total", `rule="health"`)
	for name, o := range l.exporters {
		label := fmt.Sprintf("exporter=%q", name)
		same(o.delivered, "tailrace_exporter_sent_log_records_total", label)
		same(o.pending, "tailrace_exporter_pending_log_records", label)
		same(o.dead, "tailrace_exporter_send_failed_log_records_total", label, `outcome="dead"`)
		same(0, "tailrace_exporter_send_failed_log_records_total", label, `outcome="lost"`)
		same(0, "tailrace_exporter_parked_log_records", label)
	}
	return differences
}
