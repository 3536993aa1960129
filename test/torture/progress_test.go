package torture

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// every is how often a line of progress is printed.
const every = 10 * time.Second

// progress counts what happens, and tells of it while it does.
type progress struct {
	out    io.Writer
	color  bool
	began  time.Time
	next   time.Time
	rounds int
	kills  int
	// faults are how often each kind was seen to happen.
	faults map[string]int
	// written to doubled are lines of the rounds that are judged.
	written, stored, lost, doubled int
	// ledger and sink are of the round that runs.
	ledger string
	sink   *testkit.Sink
}

func newProgress(out *os.File, length time.Duration, seed uint64) *progress {
	_, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS)
	p := &progress{
		out: out, color: err == nil && os.Getenv("NO_COLOR") == "",
		began: time.Now(), next: time.Now().Add(every), faults: map[string]int{},
	}
	fmt.Fprintf(out, "torture for %v, seed %d\n", length, seed)
	return p
}

func (p *progress) begin(ledger string, sink *testkit.Sink) {
	p.ledger, p.sink = ledger, sink
	p.rounds++
}

func (p *progress) killed(n int) { p.kills += n }

// fired notes how often a fault has happened.
func (p *progress) fired(fault string, n int) {
	if n > 0 {
		p.faults[fault] += n
	}
}

// finish takes a round's verdict: what the sink did belongs to its faults.
func (p *progress) finish(v *oracle.Verdict) {
	p.ledger, p.sink = "", nil
	p.written += v.Records
	p.stored += v.Stored
	p.fired("sent-again", v.Repeats)
	for _, x := range v.Violations {
		switch {
		case x.Invariant == 'A' || x.Invariant == 'C' || isMissingInJournal(x):
			p.lost++
		case x.Invariant == 'D' || x.Invariant == 'J':
			p.doubled++
		}
	}
}

// tick prints a line when it is time.
func (p *progress) tick() {
	if time.Now().Before(p.next) {
		return
	}
	p.next = p.next.Add(every)
	p.print("")
}

func (p *progress) end() { p.print(fmt.Sprintf("  in %d rounds", p.rounds)) }

func (p *progress) print(more string) {
	written, stored := p.written, p.stored
	if p.sink != nil {
		if n, err := oracle.WrittenSoFar(p.ledger); err == nil {
			written += n
		}
		stored += p.sink.Stats().Stored
	}
	total := 0
	for _, n := range p.faults {
		total += n
	}
	fmt.Fprintf(p.out, "%s  kills %d  faults %d (%s)  lines written %d stored %d  %s  %s%s\n",
		time.Since(p.began).Round(time.Second), p.kills, total, p.kinds(), written, stored,
		p.verdict("lost", p.lost), p.verdict("doubled", p.doubled), more)
}

// kinds lists the faults, the most frequent first.
func (p *progress) kinds() string {
	names := slices.SortedFunc(maps.Keys(p.faults), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.faults[b], p.faults[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, p.faults[name])
	}
	return strings.Join(names, ", ")
}

// verdict is a figure that must be 0.
func (p *progress) verdict(name string, n int) string {
	text := fmt.Sprintf("%s %d", name, n)
	switch {
	case !p.color:
		return text
	case n > 0:
		return "\x1b[1;31m" + text + "\x1b[0m"
	}
	return "\x1b[32m" + text + "\x1b[0m"
}

// check fails when faults that should have happened in so long a time did not.
func (p *progress) check(t *testing.T) {
	kinds := []string{"stopped", "terminated"}
	if time.Since(p.began) > 5*time.Minute {
		kinds = append(kinds, "killed-at-a-call", "fsync-fails", "write-fails", "few-descriptors", "sent-again",
			"checkpoint-damaged", "cursor-damaged", "indexes-removed", "old-checkpoint-restored")
		if canMount() {
			kinds = append(kinds, "disk-full")
		}
		if canPowerFail() {
			kinds = append(kinds, "power-fails")
		}
	}
	for _, kind := range kinds {
		if p.faults[kind] == 0 && p.rounds > 1 {
			t.Errorf("in %v nothing was %s: the run proves less than it should", time.Since(p.began), kind)
		}
	}
	if p.kills == 0 {
		t.Error("nothing was killed")
	}
}
