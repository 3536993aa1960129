package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// round is one journal's life.
type round struct {
	*testkit.Rig
	*progress
	rand      *rand.Rand
	seed      uint64
	sink      *testkit.Sink
	generator *testkit.Process
	configs   []string
	// small says that the state is on a file system that can be filled, and
	// disk, if there is one, is a simulated disk that it is on.
	small bool
	disk  *disk
	runs  int
	// oldCheckpoint is a copy from earlier in the round.
	oldCheckpoint []byte
}

func newRound(t *testing.T, seed uint64, p *progress) *round {
	t.Helper()
	r := &round{Rig: testkit.NewRig(t), progress: p, seed: seed, rand: rand.New(rand.NewPCG(seed, 4))}
	if r.small = canMount() && seed%2 == 0; r.small {
		testkit.Tmpfs(t, r.Path("state"), "size=192m")
	}
	r.sink = r.StartSink("sink", "ok")
	r.configs = append(r.configs, r.Configure(fmt.Sprintf(`
receivers:
  pods: {root: %s}
  files/plain: {include: [%s]}
exporters:
  elasticsearch: {endpoints: [%q], flush: {interval: 100ms, bytes: 1MiB}}
`, r.Path("pods"), r.Path("plain", "*.log*"), r.sink.URL),
		"    logs: {receivers: [pods, files/plain], exporters: [elasticsearch]}\n"))
	r.configs = append(r.configs, r.Path("changing.yaml"))
	if err := os.WriteFile(r.configs[1], nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if seed%4 == 1 && canPowerFail() {
		r.disk = newDisk(r)
	}
	return r
}

// run lets faults happen for a time, and judges.
func (r *round) run(length time.Duration) {
	r.TB.Helper()
	// The smallest limit is a storm of rotations.
	limit := []string{"8192", "49152", "196608"}[r.rand.IntN(3)]
	r.generator = r.Generate("-seed", fmt.Sprint(r.seed), "-containers", "5", "-plains", "2", "-rate", "1200", "-limit", limit)
	r.begin(r.Path("ledger"), r.sink)
	for until := time.Now().Add(length); time.Now().Before(until) && !r.TB.Failed(); {
		r.tamper()
		r.live()
	}
	r.judge()
}

// pause lets the agent work.
func (r *round) pause(d time.Duration) {
	for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(min(50*time.Millisecond, time.Until(until))) {
		r.tick()
	}
}

func (r *round) upTo(d time.Duration) time.Duration { return time.Duration(r.rand.Int64N(int64(d))) }

// start runs the agent, by another program if there is a wrapper. The agent
// dies with that program.
func (r *round) start(wrapper ...string) *testkit.Process {
	r.TB.Helper()
	r.runs++
	line := append(wrapper, testkit.Agent(r.TB), "run")
	for _, c := range r.configs {
		line = append(line, "--config", c)
	}
	return r.Start(fmt.Sprintf("agent-%03d", r.runs), line[0], line[1:]...)
}

// alive fails the round when the agent has ended by itself.
func (r *round) alive(p *testkit.Process, during string) bool {
	if p.Running() {
		return true
	}
	r.TB.Errorf("the agent ended by itself with status %d, %s\n%s", p.Wait(), during, p.Tail())
	return false
}

// judge ends all faults, lets the agent deliver everything, and compares.
func (r *round) judge() {
	r.TB.Helper()
	r.generator.Stop()
	r.sink.Behave("ok")
	agent := r.start()
	account := r.Account()
	r.eventually("everything is delivered", agent, func() (bool, string) {
		st := r.sink.Stats()
		return st.Stored+st.Refused >= len(account.Entries), fmt.Sprintf("%d of %d documents", st.Stored+st.Refused, len(account.Entries))
	})
	verdict := r.Judge(r.sink)
	if r.small {
		forgiveRetention(verdict)
	}
	if len(verdict.Violations) > 0 {
		r.TB.Errorf("seed %d: %s", r.seed, verdict)
	} else {
		r.compareFigures(agent, account.Totals("").Lines)
	}
	agent.Stop()
	r.sink.Kill()
	r.finish(verdict)
	r.clear()
}

// forgiveRetention lets the journal be without records that the sink has: a full
// disk costs it what was delivered.
func forgiveRetention(v *oracle.Verdict) {
	v.Violations = slices.DeleteFunc(v.Violations, isMissingInJournal)
}

// isMissingInJournal tells a record that the journal has not from one that it
// has twice. Whether it was delivered is another violation.
func isMissingInJournal(x oracle.Violation) bool {
	return x.Invariant == 'J' && strings.Contains(x.What, " is 0 times in the journal")
}

// compareFigures: what the agent says of all its lives is what the ledger says.
func (r *round) compareFigures(agent *testkit.Process, lines int) {
	r.TB.Helper()
	r.eventually("the agent's figures are the ledger's", agent, func() (bool, string) {
		f, err := r.Figures()
		if err != nil {
			return false, err.Error()
		}
		read, sent := f.Sum("tailrace_receiver_accepted_log_records_total"), f.Sum("tailrace_exporter_sent_log_records_total")
		return read == lines && sent == lines, fmt.Sprintf("%d lines read and %d sent, of %d", read, sent, lines)
	})
}

// patience bounds what only a defect makes long.
const patience = 2 * time.Minute

func (r *round) eventually(what string, agent *testkit.Process, done func() (bool, string)) {
	r.TB.Helper()
	remark := ""
	for until := time.Now().Add(patience); time.Now().Before(until); r.pause(20 * time.Millisecond) {
		ok := false
		if ok, remark = done(); ok || !r.alive(agent, "after all faults") {
			return
		}
	}
	r.TB.Errorf("seed %d: waited %v in vain until %s: %s\n%s", r.seed, patience, what, remark, agent.Tail())
}

// clear removes what a round has written, but for the agent's own output, which
// the rig looks through at the end.
func (r *round) clear() {
	if r.TB.Failed() {
		return
	}
	if r.disk != nil {
		r.disk.mount.End()
	}
	for _, name := range []string{"pods", "plain", "ledger", "sink.record", "state"} {
		// A mount point stays; what is in it is gone.
		_ = os.RemoveAll(r.Path(name))
	}
}
