// Package torture runs the real agent under load while everything at once goes
// wrong around it, in a random mix that a seed repeats, and judges what became
// of every line.
package torture

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

const (
	// short is how long faults go on in an ordinary test run.
	short = 15 * time.Second
	// roundLength is how long they go on over one journal, before everything
	// is delivered and judged.
	roundLength = 45 * time.Second
)

// TestTorture lets faults go on for as long as TAILRACE_TORTURE says. Every
// round has logs, a journal and a sink of its own; at its end all faults end,
// the agent delivers, and each line must be once in the journal and once in the
// sink, unchanged, with the agent's own figures equal to the ledger's.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; make test runs it, make torture for as long as one likes")
	}
	length, seed := duration(t), seed(t)
	if canMount() {
		testkit.PrivateMounts(t)
	}
	p := newProgress(os.Stdout, length, seed)
	for end := time.Now().Add(length); time.Now().Before(end); seed++ {
		newRound(t, seed, p).run(min(roundLength, time.Until(end)))
		if t.Failed() {
			p.end()
			t.Fatalf("the same mix again: make torture SEED=%d DURATION=%v", seed, roundLength)
		}
	}
	p.end()
	p.check(t)
}

func duration(t *testing.T) time.Duration {
	text := os.Getenv("TAILRACE_TORTURE")
	if text == "" {
		return short
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("TAILRACE_TORTURE=%q is no duration such as 15m: %v", text, err)
	}
	return d
}

func seed(t *testing.T) uint64 {
	text := os.Getenv("TAILRACE_SEED")
	if text == "" {
		return rand.Uint64N(1 << 31)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("TAILRACE_SEED=%q: %v", text, err)
	}
	return n
}

// canMount says whether a mount namespace can be had; without one, disks are
// not filled.
func canMount() bool {
	return os.Geteuid() == 0 && exec.Command("unshare", "--mount", "true").Run() == nil
}
