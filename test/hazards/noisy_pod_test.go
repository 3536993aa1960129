package hazards

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestALimitDelaysItsNamespaceOnly limits a namespace to a part of what it
// writes. It is read late, the other one in time, and nothing is lost.
func TestALimitDelaysItsNamespaceOnly(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.override("service: {limits: {namespaces: {shop: 1KiB}}}\n")
	agent := n.start()
	generator := n.Generate("-seed", seed(66), "-containers", "2", "-plains", "1", "-rate", "500", "-limit", "131072")
	n.figure("the limit holds files", atLeast(1), "tailrace_receiver_throttled_seconds_total", `namespace="shop"`)
	const reason = "namespace shop may be read at 1.0 KiB/s (service.limits.namespaces.shop)"
	testkit.Eventually(t, "status names the limit", func() (bool, string) {
		out := n.status()
		return strings.Contains(out, `"throttled"`) && strings.Contains(out, reason), out
	})
	generator.Stop()
	all := n.Account()
	n.figure("the other namespace is read to its end", exactly(all.Totals("bank").Lines),
		"tailrace_receiver_accepted_log_records_total", `namespace="bank"`)
	f, err := n.Figures()
	if err != nil {
		t.Fatal(err)
	}
	read, written := f.Sum("tailrace_receiver_accepted_log_records_total", `namespace="shop"`), all.Totals("shop").Lines
	if read >= written {
		t.Errorf("%d of %d lines of the limited namespace were read: the limit did not hold", read, written)
	}
	if held := f.Sum("tailrace_receiver_throttled_seconds_total", `namespace="bank"`); held > 0 {
		t.Errorf("the other namespace was held for %d s", held)
	}
	agent.Stop()
	n.override("service: {limits: {namespaces: {shop: 0}}}\n")
	n.judged(n.start())
}
