package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestOneLineThatAFirewallBlocksStopsNothing sends one log line that a web
// firewall in front of Elasticsearch answers with a page, as it does for the
// whole request. Every other line must arrive, and the one be found among the
// dead letters with the answer.
func TestOneLineThatAFirewallBlocksStopsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for retries; make test runs it")
	}
	t.Parallel()
	r := testkit.NewRig(t)
	sink := r.StartSink("sink", "firewall")
	config := r.Configure(fmt.Sprintf("receivers: {pods: {root: %s}}\nexporters: {elasticsearch: {endpoints: [%q], flush: {interval: 50ms}}}",
		r.Path("pods"), sink.URL), "    logs: {receivers: [pods], exporters: [elasticsearch]}\n")
	must(t, os.MkdirAll(r.Path("pods", "shop_web-0_1", "app"), 0o755))
	log, err := os.Create(r.Path("pods", "shop_web-0_1", "app", "0.log"))
	must(t, err)
	defer log.Close()
	agent := r.StartAgent(config)

	const lines, blocked = 300, 40
	for i := range lines {
		filler := "fine."
		if i == blocked {
			filler = "<script>alert(1)</script>."
		}
		text := oracle.Payload{Stream: "s", Seq: uint64(i), Filler: []byte(filler)}.Append(nil)
		fmt.Fprintf(log, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), text)
		time.Sleep(5 * time.Millisecond)
	}
	r.Drained(sink, agent, lines-1)
	testkit.Eventually(t, "the blocked line is dead-lettered", func() (bool, string) {
		out, _ := testkit.Output(t, testkit.Agent(t), "deadletter", "show", "--journal", r.Path("state"))
		return strings.Contains(out, "alert(1)") && strings.Contains(out, "Request blocked"), out
	})
	agent.Stop()
	if n := sink.Stats().Stored; n != lines-1 {
		t.Errorf("%d documents are stored, wanted %d", n, lines-1)
	}
}
