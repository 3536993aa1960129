package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/message"
)

// secret writes a file that an environment variable names.
func (r *rig) secret(variable, text string) {
	r.t.Helper()
	name := r.Path(strings.ToLower(variable))
	r.must(os.WriteFile(name, []byte(text+"\n"), 0o600))
	r.t.Setenv(variable, name)
}

// example has gateways run as gateway.example.yaml says, but for addresses and
// folders.
func (r *rig) example(s *testkit.Sink) {
	r.t.Helper()
	r.t.Setenv("RABBITMQ_USER", rabbitmq.User)
	r.t.Setenv("RABBITMQ_CA_FILE", r.broker.Files.CA)
	r.secret("RABBITMQ_PASSWORD_FILE", rabbitmq.Password)
	r.secret("ES_API_KEY_FILE", "a2V5OnNlY3JldA==")
	r.configs = []string{filepath.Join(testkit.Root(r.t), "gateway.example.yaml")}
	r.override(fmt.Sprintf(`{receivers: {rabbitmq: {endpoints: ["amqps://%s"], vhost: %q}}, exporters: {elasticsearch: {endpoints: [%q]}},
service: {journal: {directory: %q}, telemetry: {metrics: {address: %q}}}}`,
		r.broker.Nodes[0].TLSAddress, r.broker.VirtualHost, s.URL, r.Path("state"), r.Metrics))
}

// The configuration at the repository's root is a whole gateway: what nobody can
// read is kept, everything else is delivered, and its commands say so.
func TestGatewayExampleRuns(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "ok")
	r.example(s)
	if out := r.says("validate"); !strings.Contains(out, "a message of a queue is acknowledged when") || !strings.Contains(out, r.Path("state")) {
		t.Errorf("validate says\n%s", out)
	}
	r.publishFrames("node-1", 0, 10)
	r.publish(message.Message{ContentType: "text/plain", Body: []byte("what is this?")})
	damaged := r.frameOf("node-1", 10, 50, timeOfTests)
	damaged.Body[20] ^= 1
	r.publish(damaged)
	r.publishFrames("node-1", 11, 20)
	gateway := r.start()
	r.arrived(s, 19*50, gateway)
	r.acknowledged(gateway, 19)
	if out := r.says("status"); !strings.Contains(out, "tailrace of rabbitmq") || !strings.Contains(out, "receiving from "+r.broker.Nodes[0].TLSAddress) {
		t.Errorf("status says\n%s", out)
	}
	if out := r.says("deadletter", "ls"); !strings.Contains(out, "queue tailrace") || !strings.Contains(out, "receivers/rabbitmq") {
		t.Errorf("the dead letters are\n%s", out)
	}
	figures, err := r.Figures()
	r.must(err)
	for outcome, want := range map[string]int{"acknowledged": 19, "dead": 2, "returned": 0, "dropped": 0} {
		if n := figures.Sum("tailrace_receiver_messages_total", fmt.Sprintf("outcome=%q", outcome)); n != want {
			t.Errorf("%d messages are %s, want %d", n, outcome, want)
		}
	}
	gateway.Stop()
}
