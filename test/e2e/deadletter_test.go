package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestDeadLettersAreDeliveredWhenTheMappingIsMended lets Elasticsearch refuse
// lines for good, mends its mapping as a person would, and sends them again.
func TestDeadLettersAreDeliveredWhenTheMappingIsMended(t *testing.T) {
	t.Parallel()
	es := server.Take(t)
	// Numbers only: text is refused, and has no attributes to move.
	es.TakeLogs("default", `"text": {"type": "text"}`, `"text": {"type": "long"}`)
	// Another test may have made the stream.
	es.Do("POST", "/logs-generic.otel-default/_rollover", "")

	r := testkit.NewRig(t)
	config := elasticsearchConfig(r, es)
	name := r.Path("pods", "shop_cart-0_0d9a2a5e-0000-4000-8000-000000000001", "cart", "0.log")
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte("2026-03-05T10:00:00.000000001Z stdout F twelve\n2026-03-05T10:00:00.000000002Z stdout F 12\n"), 0o644))
	agent := r.StartAgent(config)
	command := func(args ...string) (string, int) {
		return testkit.Output(t, testkit.Agent(t), append(append([]string{"deadletter"}, args...), "--config", config)...)
	}
	testkit.Eventually(t, "a dead letter", func() (bool, string) {
		out, _ := command("show", "-o", "raw")
		return strings.Contains(out, "twelve"), out + agent.Tail()
	})

	es.TakeLogs("default")
	es.Must("POST", "/logs-generic.otel-default/_rollover", "")
	if out, code := command("replay", "-n", "shop"); code != 0 || !strings.HasPrefix(out, "1 documents are being sent again") {
		t.Error(code, out)
	}
	testkit.Eventually(t, "both lines are stored", func() (bool, string) {
		n := es.Count("logs-generic.otel-default", "resource.attributes.k8s.pod.name:cart-0")
		return n == 2, fmt.Sprintf("%d documents\n%s", n, agent.Tail())
	})
	testkit.Eventually(t, "no dead letter is left", func() (bool, string) {
		dead, _ := command("ls")
		parked, _ := command("ls", "--parked")
		return dead+parked == "nothing\nnothing\n", dead + parked
	})
	agent.Stop()
}
