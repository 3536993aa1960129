// Package killtest kills the real agent at random moments under load, and
// judges what became of every line.
package killtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// killsPerLife is how many kills one journal lives through before everything
// is delivered and judged.
const killsPerLife = 20

// wantInFlight is the share of kills that must hit lines that are written and
// not yet in the journal: other kills prove little.
const wantInFlight = 0.8

// faults is what the sink does meanwhile: every kind of trouble in turn.
const faults = "ok:1500ms,cut:150ms,ok:700ms,429:150ms,503:200ms,ok:900ms,partly:250ms,reset:150ms,ok:600ms,stall:300ms,short:100ms,html:100ms,502:100ms"

func TestKilledAgentLosesAndRepeatsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes; make test runs it")
	}
	t.Parallel()
	kills, seed := number(t, "TAILRACE_KILLS", 200), uint64(number(t, "TAILRACE_SEED", 0))
	if seed != 0 {
		newLife(t, seed).run(min(kills, killsPerLife))
		return
	}
	var all tally
	t.Run("lives", func(t *testing.T) {
		for done := 0; done < kills; done += killsPerLife {
			seed := rand.Uint64N(1 << 31)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				t.Cleanup(func() { tellSeed(t, seed) })
				all.add(newLife(t, seed).run(min(killsPerLife, kills-done)))
			})
		}
	})
	if !t.Failed() {
		all.report(t)
	}
}

// tellSeed says how to repeat a life that has failed.
func tellSeed(t *testing.T, seed uint64) {
	if t.Failed() {
		t.Logf("repeat this life with TAILRACE_SEED=%d go test -run TestKilledAgent ./test/killtest", seed)
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q: %v", variable, text, err)
	}
	return n
}

// tally is what kills hit. Lives add to one at the same time.
type tally struct {
	mu    sync.Mutex
	kills int
	// unread counts kills with lines that were written and not in the journal,
	// undelivered those with documents in the journal and not in the sink.
	unread, undelivered int
	records, repeats    int
}

func (a *tally) add(b *tally) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kills += b.kills
	a.unread += b.unread
	a.undelivered += b.undelivered
	a.records += b.records
	a.repeats += b.repeats
}

func (a *tally) report(t *testing.T) {
	share := float64(a.unread) / float64(a.kills)
	t.Logf("RESULT kills=%d in_flight=%.0f%% undelivered=%.0f%% records=%d repeats_answered_409=%d",
		a.kills, 100*share, 100*float64(a.undelivered)/float64(a.kills), a.records, a.repeats)
	if share < wantInFlight {
		t.Errorf("only %.0f %% of the kills hit unacknowledged bytes; at least %.0f %% must", 100*share, 100*wantInFlight)
	}
	if a.kills >= 200 && a.repeats == 0 {
		t.Error("nothing was ever sent twice: the kills did not test what they should")
	}
}

// life is one journal's life.
type life struct {
	*testkit.Rig
	rand *rand.Rand
	seed uint64
	sink *testkit.Sink
	scan *oracle.JournalScan
	// plainGlob names the plain logs.
	plainGlob string
	// start starts the agent under test, and atWork says when it does something.
	start  func() *testkit.Process
	atWork func(*testkit.Process) bool
	hit    tally
}

func newLife(t *testing.T, seed uint64) *life {
	l := &life{Rig: testkit.NewRig(t), seed: seed, rand: rand.New(rand.NewPCG(seed, 2)), plainGlob: "*.log*"}
	l.sink = l.StartSink("sink", faults)
	l.scan = oracle.NewJournalScan(l.Segments())
	return l
}

// config is the real agent's: it reads everything that the generator writes.
func (l *life) config() string {
	return l.Configure(fmt.Sprintf(`
receivers:
  pods: {root: %s}
  files/plain: {include: [%s]}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}}
`, l.Path("pods"), l.Path("plain", l.plainGlob), l.sink.URL),
		"    logs: {receivers: [pods, files/plain], exporters: [elasticsearch]}\n")
}

// run kills the real agent a number of times, then lets it finish and judges.
func (l *life) run(kills int) *tally {
	l.TB.Helper()
	config := l.config()
	l.start = func() *testkit.Process { return l.StartAgent(config) }
	l.atWork = func(agent *testkit.Process) bool { return strings.Contains(l.content(agent.Stderr), "tailrace runs") }
	generator := l.Generate("-seed", fmt.Sprint(l.seed), "-containers", "5", "-plains", "2", "-rate", "1500", "-limit", "98304")
	l.killOften(kills)
	if verdict := l.finish(generator); len(verdict.Violations) > 0 {
		l.TB.Errorf("after %d kills:\n%s", kills, verdict)
	}
	return &l.hit
}

func (l *life) killOften(kills int) {
	l.TB.Helper()
	for range kills {
		agent := l.start()
		l.live(agent)
		l.kill(agent)
	}
}

// finish ends the faults, lets the agent deliver everything, and judges.
func (l *life) finish(generator *testkit.Process) *oracle.Verdict {
	l.TB.Helper()
	agent := l.start()
	generator.Stop()
	l.sink.Behave("ok")
	account := l.Account()
	l.Drained(l.sink, agent, len(account.Entries))
	verdict := l.Judge(l.sink)
	if len(verdict.Violations) == 0 {
		l.accounted(account.Totals("").Lines)
	}
	agent.Stop()
	l.hit.records, l.hit.repeats = verdict.Records, verdict.Repeats
	return verdict
}

// accounted waits until the agent's own figures are the oracle's: every line
// was read once and delivered once, over all its lives.
func (l *life) accounted(lines int) {
	l.TB.Helper()
	testkit.Eventually(l.TB, "the figures are right", func() (bool, string) {
		f, err := l.Figures()
		if err != nil {
			return false, err.Error()
		}
		read, sent := f.Sum("tailrace_receiver_accepted_log_records_total"), f.Sum("tailrace_exporter_sent_log_records_total")
		return read == lines && sent == lines, fmt.Sprintf("%d lines read and %d sent, of %d", read, sent, lines)
	})
}

// live gives the agent some time: mostly to do some work, and more of it where
// its start has taken long; at times so little that it dies while it starts.
func (l *life) live(agent *testkit.Process) {
	l.TB.Helper()
	if l.rand.IntN(8) == 0 {
		time.Sleep(time.Duration(l.rand.IntN(60)) * time.Millisecond)
		return
	}
	began := time.Now()
	testkit.Eventually(l.TB, "the agent is at work", func() (bool, string) {
		return l.atWork(agent) || !agent.Running(), agent.Tail()
	})
	most := max(700*time.Millisecond, time.Since(began))
	time.Sleep(time.Duration(l.rand.Int64N(int64(most))))
}

func (l *life) content(name string) string {
	l.TB.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		l.TB.Fatal(err)
	}
	return string(text)
}

// kill ends the agent and looks at what it had in its hands.
func (l *life) kill(agent *testkit.Process) {
	l.TB.Helper()
	written, err := oracle.WrittenSoFar(l.Path("ledger"))
	if err != nil {
		l.TB.Fatal(err)
	}
	if !agent.Running() {
		l.TB.Fatalf("the agent ended by itself\n%s", agent.Tail())
	}
	agent.Kill()
	stored := l.sink.Stats().Stored
	if err := l.scan.More(); err != nil {
		l.TB.Errorf("the journal after a kill: %v", err)
	}
	l.hit.kills++
	if written > len(l.scan.Docs) {
		l.hit.unread++
	}
	if stored < len(l.scan.Docs) {
		l.hit.undelivered++
	}
}
