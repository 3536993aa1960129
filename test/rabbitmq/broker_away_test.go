package rabbitmq

import (
	"fmt"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// The broker is gone for long, beside an Elasticsearch that is well. Until the
// journal is full of what waits for the broker, direct delivery goes on, as fast
// as before by the figures that are logged. Then on_full of the exporter that is
// behind decides: block stops reading for all, and the log files hold what is
// written; skip gives up the oldest for the broker alone, and counts it.
func TestGoneBrokerSlowsNothingUntilTheJournalIsFull(t *testing.T) {
	t.Parallel()
	policies := []string{"block"}
	if tortured() {
		policies = append(policies, "skip")
	}
	for _, onFull := range policies {
		t.Run(onFull, func(t *testing.T) {
			s := newSite(t, one)
			// To fill a journal and to empty it is much to do.
			s.binary = testkit.LeanAgent(t)
			direct := s.StartSink("direct", "ok")
			s.exporters = map[string]string{"elasticsearch": fmt.Sprintf("{endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}}", direct.URL)}
			s.settings = []string{"on_full: " + onFull}
			s.more = "service: {journal: {max_size: 16MiB}}\n"
			generator := s.load("-rate", "600", "-longs", "30")
			s.start()
			s.underway()
			delivers := func(lines int) time.Duration {
				t.Helper()
				began := time.Now()
				testkit.Grows(t, "direct delivery goes on", direct.Stats().Stored+lines, func() (int, string) { return direct.Stats().Stored, s.agent.Tail() })
				return time.Since(began)
			}
			well := delivers(500)
			node := s.broker.Nodes[0]
			node.Kill()
			gone := delivers(500)
			t.Logf("RESULT seconds_for_500_lines broker_well=%.2f broker_gone=%.2f", well.Seconds(), gone.Seconds())
			if s.said("journal is full") > 0 {
				t.Fatal("the journal was full too early for the comparison")
			}
			if onFull == "skip" {
				testkit.Eventually(t, "the oldest are given up for the broker", func() (bool, string) { return s.givenUp() > 0, s.agent.Tail() })
				delivers(500)
			} else {
				s.saying("journal is full")
				stopped := direct.Stats().Stored
				before := s.written()
				testkit.Grows(t, "lines wait in the log files", before+2000, func() (int, string) { return s.written(), "" })
				if now := direct.Stats().Stored; now > stopped+1000 {
					t.Errorf("%d lines were delivered past a journal that is full", now-stopped)
				}
			}
			s.carry()
			s.restart(node, generator)
			s.flowing(time.Now())
			s.balance(generator, direct, onFull)
		})
	}
}

// givenUp are the lines that will not reach the broker.
func (s *site) givenUp() int {
	return max(0, s.figure("tailrace_exporter_send_failed_log_records_total", viaBroker, `outcome="lost"`))
}

// balance ends the load and judges both ways of every line by what arrived: the
// journal is too small to keep all of it.
func (s *site) balance(generator *testkit.Process, direct *testkit.Sink, onFull string) {
	s.TB.Helper()
	generator.Stop()
	account := s.Account()
	s.Drained(direct, s.agent, len(account.Entries))
	s.everyLineIn(direct)
	lines := account.Totals("").Lines
	testkit.Eventually(s.TB, "every line is confirmed or given up", func() (bool, string) {
		sent, lost := s.sent(), s.givenUp()
		return sent+lost == lines, fmt.Sprintf("%d and %d of %d", sent, lost, lines)
	})
	if lost := s.givenUp(); lost > 0 != (onFull == "skip") {
		s.TB.Errorf("on_full: %s, and %d lines were given up", onFull, lost)
	}
	if onFull == "block" {
		s.Drained(s.sink, s.agent, len(account.Entries))
		s.everyLineIn(s.sink)
	}
}

// everyLineIn judges what a sink has.
func (s *site) everyLineIn(sink *testkit.Sink) {
	s.TB.Helper()
	if v, err := oracle.JudgeFiles(s.Path("ledger"), sink.Record, ""); err != nil || len(v.Violations) > 0 {
		s.TB.Errorf("%v\n%v", err, v)
	}
}
