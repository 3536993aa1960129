package tail

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// tenants is a world whose files are called <namespace>_<pod>.log, or are no
// container's when there is no underscore.
type tenants struct {
	*world
	// read is how many bytes of each file were, next the number of the line
	// that must come.
	read, next map[string]int
}

func newTenants(t *testing.T, limits Limits) *tenants {
	w := newWorld(t)
	w.decoder, w.opts.Lanes, w.opts.Limits = Plain, 3, limits
	s := &tenants{world: w, read: map[string]int{}, next: map[string]int{}}
	w.opts.Providers = []Provider{s}
	w.engine = NewEngine(w.opts)
	return s
}

func (s *tenants) Describe(t *Target) event.Source {
	namespace, pod, found := strings.Cut(t.Chain, "_")
	if !found {
		return event.Source{Container: t.Chain}
	}
	return event.Source{Namespace: namespace, Pod: pod, Container: t.Chain}
}

// lineSize is how long the lines are.
const lineSize = 128

// fill appends numbered lines to a file.
func (s *tenants) fill(name string, from, lines int) {
	var text strings.Builder
	for i := range lines {
		line := fmt.Sprintf("%s %d ", name, from+i)
		text.WriteString(line + strings.Repeat("x", lineSize-1-len(line)) + "\n")
	}
	s.write(name+".log", text.String())
}

// tick lets time go on and the agent read what it may.
func (s *tenants) tick() {
	s.now = s.now.Add(tick)
	s.engine.measure(s.now.UnixNano())
	var b event.Batch
	for i := range s.engine.lanes {
		for s.engine.Lane(i).Read(&b) {
			s.take(&b)
		}
	}
}

// take checks that lines come in order and none is left out.
func (s *tenants) take(b *event.Batch) {
	s.t.Helper()
	for i := range b.Records {
		name, rest, _ := strings.Cut(string(b.Bytes(b.Records[i].Line)), " ")
		number, _, _ := strings.Cut(rest, " ")
		n := s.number(number)
		if n != s.next[name] {
			s.t.Fatalf("line %d of %s came when line %d was due", n, name, s.next[name])
		}
		s.next[name]++
		s.read[name] += lineSize
	}
}

// pass lets a time pass.
func (s *tenants) pass(d time.Duration) {
	s.t.Helper()
	for range d / tick {
		s.tick()
	}
}

func (s *tenants) status(name string) FileStatus {
	for _, f := range s.engine.Files() {
		if f.Path == s.path(name+".log") {
			return f
		}
	}
	s.t.Fatalf("%s is not known", name)
	return FileStatus{}
}

const (
	kib        = 1 << 10
	simulated  = 2 * time.Minute
	limitLines = 13 << 18 / lineSize
)

func TestLimits(t *testing.T) {
	seconds := int(simulated / time.Second)
	everything := limitLines * lineSize
	for _, tt := range []struct {
		name   string
		limits Limits
		files  string
		// want is how much is read of each of the files in the simulated time.
		want []int
		// reason is in the status of the first.
		reason string
	}{
		{"of each pod", Limits{Pod: 16 * kib}, "shop_cart shop_web", []int{16 * kib * seconds, 16 * kib * seconds},
			"this pod may be read at 16 KiB/s (service.limits.pod)"},
		{"of a namespace, which its pods share", Limits{Namespace: 24 * kib}, "shop_cart shop_web shop_db bank_web",
			[]int{8 * kib * seconds, 8 * kib * seconds, 8 * kib * seconds, 24 * kib * seconds},
			"namespace shop may be read at 24 KiB/s (service.limits.namespace)"},
		{"of a named namespace", Limits{Namespaces: map[string]int64{"shop": 16 * kib}}, "shop_cart bank_web", []int{16 * kib * seconds, everything},
			"namespace shop may be read at 16 KiB/s (service.limits.namespaces.shop)"},
		{"of no namespace but others", Limits{Namespace: 16 * kib, Namespaces: map[string]int64{"bank": 0}}, "shop_cart bank_web", []int{16 * kib * seconds, everything}, ""},
		{"of pods in a namespace that has one too", Limits{Pod: 12 * kib, Namespace: 16 * kib}, "shop_cart shop_web bank_web",
			[]int{8 * kib * seconds, 8 * kib * seconds, 12 * kib * seconds}, ""},
		{"of files that are no containers'", Limits{Pod: 16 * kib, Namespace: kib}, "access error", []int{16 * kib * seconds, 16 * kib * seconds},
			"this file may be read at 16 KiB/s (service.limits.pod)"},
		{"of so little that a line is more than a turn", Limits{Pod: 100}, "shop_cart", []int{100 * seconds}, ""},
		{"of nothing", Limits{}, "shop_cart bank_web", []int{everything, everything}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTenants(t, tt.limits)
			files := strings.Fields(tt.files)
			for _, name := range files {
				s.fill(name, 0, limitLines)
			}
			s.look()
			s.pass(simulated)
			for i, name := range files {
				// The burst, and what is read before the first line says whose it is.
				slack := 0.05*float64(tt.want[i]) + 8*kib
				if got := s.read[name]; math.Abs(float64(got-tt.want[i])) > slack {
					t.Errorf("%d bytes of %s were read in %s, want %d", got, name, simulated, tt.want[i])
				}
			}
			if got := s.status(files[0]).Reason; tt.reason != "" && got != tt.reason {
				t.Errorf("the status says %q, want %q", got, tt.reason)
			}
		})
	}
}

// What a limit delays is read in the end, whole and in order, and for how long
// it was held is counted for its namespace only.
func TestLimitsDropNothing(t *testing.T) {
	s := newTenants(t, Limits{Pod: 64 * kib})
	s.fill("shop_noisy", 0, 8_000)
	s.fill("bank_quiet", 0, 1)
	s.look()
	for written := 8_000; written < 16_000; written += 1_000 {
		s.pass(time.Second)
		s.fill("shop_noisy", written, 1_000)
	}
	if got := s.status("shop_noisy"); got.State != StateThrottled {
		t.Errorf("the file is %s, want throttled", got.State)
	}
	s.pass(time.Minute)
	if s.next["shop_noisy"] != 16_000 {
		t.Errorf("%d lines were read, want 16000", s.next["shop_noisy"])
	}
	if got := s.status("shop_noisy"); got.State != StateIdle || got.Reason != "" {
		t.Errorf("the file is %s (%s), want idle", got.State, got.Reason)
	}
	delayed := s.engine.Delayed()
	if d := delayed["shop"]; d < 20*time.Second || d > 32*time.Second {
		t.Errorf("held for %s, want most of the 31 s that 16,000 lines take", d)
	}
	if delayed["bank"] != 0 {
		t.Errorf("the quiet pod was held for %s", delayed["bank"])
	}
}

// A pod that is held keeps nobody else waiting, not even a pod of a namespace
// whose limit is not used up.
func TestLimitsDelayNobodyElse(t *testing.T) {
	s := newTenants(t, Limits{Pod: 16 * kib, Namespace: kib * kib})
	s.fill("shop_noisy", 0, limitLines)
	for i := range 50 {
		for _, name := range []string{"shop_quiet", "bank_quiet"} {
			s.fill(name, i, 1)
			s.look()
			s.tick()
			if s.next[name] != i+1 {
				t.Fatalf("line %d of %s was not read at once", i, name)
			}
		}
		s.pass(time.Second)
	}
}

// A quiet pod beside a noisy one in a namespace whose limit is used up waits
// its turn, and no longer.
func TestLimitsAreSharedInOrder(t *testing.T) {
	s := newTenants(t, Limits{Namespace: 64 * kib})
	s.fill("shop_noisy", 0, limitLines)
	s.look()
	s.pass(3 * time.Second)
	for i := range 20 {
		s.fill("shop_quiet", i, 1)
		s.look()
		s.pass(time.Second / 2)
		if s.next["shop_quiet"] != i+1 {
			t.Fatalf("line %d waits for more than half a second", i)
		}
	}
}

// A held file has no turns, whatever is written to it.
func TestHeldFilesHaveNoTurns(t *testing.T) {
	s := newTenants(t, Limits{Pod: kib})
	s.fill("shop_noisy", 0, 1_000)
	s.look()
	s.pass(3 * time.Second)
	for range 10 {
		before := s.engine.Lane(0).consumed + s.engine.Lane(1).consumed + s.engine.Lane(2).consumed
		s.fill("shop_noisy", 1_000, 1)
		s.now = s.now.Add(time.Millisecond)
		s.look()
		var b event.Batch
		for i := range s.engine.lanes {
			if s.engine.Lane(i).Read(&b) {
				t.Fatalf("a turn after %d bytes", before)
			}
		}
	}
}

// What is deleted before a limit lets it be read is lost, and counted.
func TestLossUnderALimitIsCounted(t *testing.T) {
	s := newTenants(t, Limits{Pod: 4 * kib})
	s.opts.UnlinkedBytes = 1
	s.engine.opts.UnlinkedBytes = 1
	s.fill("shop_noisy", 0, 1_000)
	s.look()
	s.pass(time.Second)
	s.must(os.Remove(s.path("shop_noisy.log")))
	s.look()
	s.pass(time.Minute)
	var lost, read uint64
	for i := range s.engine.lanes {
		for _, src := range s.engine.Lane(i).States(DefaultClass, nil) {
			lost, read = lost+src.Counts.LostBytes, read+src.Counts.Bytes
		}
	}
	if read != uint64(s.read["shop_noisy"]) || lost != uint64(1_000*lineSize)-read || lost == 0 {
		t.Errorf("%d bytes read and %d lost, of %d", read, lost, 1_000*lineSize)
	}
}

// A clock that is set back by a day does not hold files for a day.
func TestLimitsSurviveAClockSetBack(t *testing.T) {
	s := newTenants(t, Limits{Pod: 16 * kib})
	s.fill("shop_noisy", 0, limitLines)
	s.look()
	s.pass(10 * time.Second)
	before := s.read["shop_noisy"]
	s.now = s.now.Add(-24 * time.Hour)
	s.pass(10 * time.Second)
	if got := s.read["shop_noisy"] - before; got < 140*kib || got > 180*kib {
		t.Errorf("%d bytes were read in 10 s, want about %d", got, 160*kib)
	}
}

// Buckets of pods that are gone do not stay.
func TestLimitsForgetPods(t *testing.T) {
	m := newLimiter(Limits{Pod: kib})
	now := int64(0)
	for i := range 20_000 {
		now += int64(time.Millisecond)
		m.reserve(&event.Source{Namespace: "shop", Pod: fmt.Sprint(i)}, 10, now)
	}
	if n := len(m.buckets); n > 4_000 {
		t.Errorf("%d buckets for the thousand pods of the last second", n)
	}
}
