package hazards

import (
	"os"
	"syscall"
	"testing"
)

// TestSIGHUPChangesNothing tells the agent to read its configuration again, as
// is usual for a daemon, while that is broken and after it is mended. The agent
// reads it at the start only: it goes on, loses nothing, and says what a restart
// would find.
func TestSIGHUPChangesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(43), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "262144")
	agent := n.start()
	n.arrived(200)
	name := n.configs[0]
	sound, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n.hangup(name, "exporters: {nonsense: {}}\n", "a restart would fail")
	n.hangup(name, string(sound), "restart the agent to use it")
	n.arrived(n.sink.Stats().Stored + 200)
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// hangup replaces a configuration and sends SIGHUP; then the agent says
// text.
func (n *node) hangup(name, content, text string) {
	n.TB.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		n.TB.Fatal(err)
	}
	if err := n.latest.Signal(syscall.SIGHUP); err != nil {
		n.TB.Fatal(err)
	}
	n.saying(n.latest, text)
}
