package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

func TestWhatIsExcludedIsNotReadAndNotLost(t *testing.T) { runScenario(t, "excluded") }

func TestWhatIsExcludedSinceTheAgentStoppedIsNotLost(t *testing.T) { runScenario(t, "excluded_down") }

func TestAClassChangesBetweenFrames(t *testing.T) { runScenario(t, "reclassified") }

// What is known of an excluded log's pod must be kept while its files are there.
func TestExcludedLogsAreAmongTheIdentities(t *testing.T) {
	w := newWorld(t)
	w.opts.Gate = w.rules
	w.rules.excluded["a"] = true
	w.append("a.log", []string{"@01 stdout F no"}, true)
	w.append("b.log", []string{"@01 stdout F yes"}, true)
	w.look()
	got := w.agent().Identities()
	slices.Sort(got)
	if strings.Join(got, " ") != "a b" {
		t.Errorf("identities: %v", got)
	}
	w.must(os.Remove(w.path("a.log")))
	w.look()
	if got := w.agent().Identities(); strings.Join(got, " ") != "b" {
		t.Errorf("identities when it is gone: %v", got)
	}
}

// shared are rules that the engine asks while a test changes them.
type shared struct {
	mu       sync.Mutex
	excluded bool
	until    int64
}

func (*shared) Ready(*event.Source) bool { return true }

func (s *shared) Excluded(identity string) (rule string, until int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if identity != "a" {
		return "", 0
	}
	if s.excluded {
		rule = "annotation"
	}
	return rule, s.until
}

// set excludes the file, or ends that at a second.
func (s *shared) set(e *Engine, excluded bool, second int) {
	s.mu.Lock()
	s.excluded = excluded
	if !excluded {
		s.until = time.Date(2026, 3, 5, 10, 11, second, 0, time.UTC).UnixNano()
	}
	s.mu.Unlock()
	e.Refresh("a")
	e.Rescan()
}

// An exclusion is followed both ways while an engine runs, without looking for
// files at intervals, also when it ends before a lane has come to see it.
func TestRunFollowsExclusions(t *testing.T) {
	w, gate := running(t, time.Hour), new(shared)
	w.opts.Gate = gate
	w.append("a.log", []string{"@01 stdout F one"}, true)
	next, e := startEngine(t, w)
	expect(t, next, `a gen=0 [0,33) stdout @01 "one"`)
	for i := range 5 {
		gate.set(e, true, 0)
		w.append("a.log", []string{fmt.Sprintf("@%02d stdout F no", 10*i+2)}, true)
		for i%2 == 0 && e.excludedFiles() == 0 {
			w.append("b.log", []string{"@00 stdout F other"}, true)
			if got := next(); !strings.HasPrefix(got, "b ") {
				t.Fatalf("%d: %s was read", i, got)
			}
		}
		gate.set(e, false, 10*i+5)
		w.append("a.log", []string{fmt.Sprintf("@%02d stdout F yes", 10*i+6)}, true)
		if got := next(); !strings.HasPrefix(got, "a ") || !strings.HasSuffix(got, `"yes"`) {
			t.Fatalf("%d: %s was read", i, got)
		}
	}
}

// excludedFiles counts them.
func (e *Engine) excludedFiles() (n int) {
	for _, f := range e.Files() {
		if f.State == StateExcluded {
			n++
		}
	}
	return n
}
