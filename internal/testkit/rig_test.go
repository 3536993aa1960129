package testkit

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/test/oracle"
)

// TestRigNoticesAnAgentThatDoesNothing runs a load with no agent at all: the
// judge must miss every line.
func TestRigNoticesAnAgentThatDoesNothing(t *testing.T) {
	r := NewRig(t)
	sink := r.StartSink("sink", "ok")
	generator := r.Generate("-containers", "2", "-plains", "1", "-rate", "500")
	generator.Stop()

	account := r.Account()
	if !account.Complete || len(account.Entries) == 0 {
		t.Fatalf("the ledger is unfinished or empty: %d records", len(account.Entries))
	}
	missing := 0
	for _, v := range r.Judge(sink).Violations {
		if v.Invariant == 'C' {
			missing++
		}
	}
	if missing != len(account.Entries) {
		t.Errorf("%d of %d records are missed", missing, len(account.Entries))
	}
}

func TestSinkTakesItsScriptWhileItRuns(t *testing.T) {
	r := NewRig(t)
	sink := r.StartSink("sink", "503")
	sink.Behave("ok:1s,429:1s")
	if got := sink.Stats(); got != (oracle.Stats{}) {
		t.Errorf("a new sink has seen %+v", got)
	}
}

func TestProcessShowsItsEnd(t *testing.T) {
	r := NewRig(t)
	p := r.Start("sh", "sh", "-c", "echo out; echo err >&2; exit 3")
	if code := p.Wait(); code != 3 || p.Running() {
		t.Errorf("status %d, running %t", code, p.Running())
	}
	if tail := p.Tail(); !strings.Contains(tail, "out\n") || !strings.Contains(tail, "err\n") {
		t.Errorf("the output is lost: %s", tail)
	}
}
