package gateway

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// On SIGTERM what Elasticsearch does not take goes back to the queue, and the
// next gateway delivers it.
func TestStoppedGatewayReturnsWhatIsNotDelivered(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "503")
	r.configure(s.URL)
	r.publishFrames("node-1", 0, 20)
	gateway := r.start("--drain", "1s")
	r.held(gateway)
	gateway.Stop()
	r.has(20)
	s.Behave("ok")
	gateway = r.start()
	r.arrived(s, 1000, gateway)
	gateway.Stop()
}

// On SIGTERM a gateway delivers what it has in hand before it ends, and takes
// nothing more.
func TestStoppedGatewayDeliversWhatItHasInHand(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "ok")
	r.configure(s.URL)
	r.override("exporters: {elasticsearch: {flush: {interval: 1m}}}")
	r.publishFrames("node-1", 0, 1)
	gateway := r.start()
	r.held(gateway)
	if n := s.Stats().Stored; n != 0 {
		t.Fatalf("the sink has %d documents already", n)
	}
	r.publishFrames("node-1", 1, 4)
	gateway.Stop()
	r.has(3)
	if n := s.Stats().Stored; n != 50 {
		t.Errorf("the sink has %d documents, want those that were in hand", n)
	}
}

// A reload, while Elasticsearch takes nothing, gives the queue to the next
// configuration with nothing lost.
func TestReloadOfAGatewayLosesNothing(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "503")
	r.configure(s.URL)
	r.publishFrames("node-1", 0, 20)
	gateway := r.start("--drain", "1s")
	r.held(gateway)
	config := r.configs[0]
	before, err := os.ReadFile(config)
	r.must(err)
	after := strings.Replace(string(before), "return_after: 1m", "return_after: 2m", 1)
	r.must(os.WriteFile(config, []byte(after), 0o644))
	r.must(gateway.Signal(syscall.SIGHUP))
	testkit.Eventually(t, "the configuration is reloaded", func() (bool, string) {
		log, err := os.ReadFile(gateway.Stderr)
		r.must(err)
		return strings.Contains(string(log), "the configuration was reloaded"), gateway.Tail()
	})
	r.held(gateway)
	s.Behave("ok")
	r.arrived(s, 1000, gateway)
	gateway.Stop()
}

// While Elasticsearch takes nothing, messages go back to the queue once and stay
// there; they come again when it does.
func TestGatewayReturnsMessagesInAnOutageAndResumesByItself(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "503")
	r.configure(s.URL)
	r.override("receivers: {rabbitmq: {return_after: 1s}}")
	r.publishFrames("node-1", 0, 20)
	gateway := r.start()
	testkit.Eventually(t, "messages go back", func() (bool, string) {
		f, err := r.Figures()
		return err == nil && f.Sum("tailrace_receiver_messages_total", `outcome="returned"`) > 0, gateway.Tail()
	})
	r.has(20)
	if out := r.says("status"); !strings.Contains(out, "the exporters have not delivered what was taken from the queue") {
		t.Errorf("status says\n%s", out)
	}
	s.Behave("ok")
	r.arrived(s, 1000, gateway)
	gateway.Stop()
}
