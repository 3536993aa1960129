package rabbitmq

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// While the broker's memory alarm is raised it reads nothing from publishers.
// Consumers go on, the agent stays well, says why nothing goes out, and goes on
// by itself.
func TestMemoryAlarmHoldsUpPublishersOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, one)
	s.binary = testkit.LeanAgent(t)
	generator := s.load()
	s.start()
	s.carry()
	s.underway()
	for range often(1, 10) {
		s.broker.MemoryAlarm(true)
		s.saying("blocks publishers")
		stuck, before := s.sent(), s.written()
		testkit.Grows(t, "lines are written to no avail", before+3000, func() (int, string) { return s.written(), "" })
		if now := s.sent(); now != stuck {
			t.Errorf("%d lines were confirmed under the alarm", now-stuck)
		}
		testkit.Eventually(t, "consumers empty the queue", func() (bool, string) { return s.broker.Queue(queue).Messages == 0, "" })
		if alarms := s.broker.Eval("rabbit_alarm:get_alarms()"); !strings.Contains(alarms, "memory") {
			t.Fatalf("the alarm is not raised: %s", alarms)
		}
		s.broker.MemoryAlarm(false)
		s.flowing(time.Now())
	}
	s.bounded()
	s.settle(generator)
}

// maxAgentMiB is what the agent may take in a site of few logs with a rate of
// some thousand lines a second, whatever its exporter has to wait for.
const maxAgentMiB = 80

// bounded checks the agent's memory.
func (s *site) bounded() {
	s.TB.Helper()
	mib := s.agent.PeakMemory() >> 20
	s.TB.Logf("RESULT agent_peak_mib=%d", mib)
	if mib > maxAgentMiB {
		s.TB.Errorf("the agent took %d MiB, and may take %d", mib, maxAgentMiB)
	}
}
