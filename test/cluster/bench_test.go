package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit/journals"
	"github.com/tailrace/tailrace/internal/testkit/kubelet"
)

const (
	// benchNodes share a journal of benchBytes, and the processors of this
	// machine.
	benchNodes = 20
	benchBytes = 256 << 20
)

// The benchmark tells how much longer a trace over the cluster takes than its
// slowest node, from the start of the plugin to its end:
//
//	go test ./test/cluster -run '^$' -bench Trace -benchtime 5x
//
// The searches of all nodes compete for this machine, which those of a cluster
// do not: own-ms is the time that the slowest one took from the start of its
// program to its end beside the others, and more-ms what the whole took more.
func BenchmarkTraceOverTwentyNodes(b *testing.B) {
	f := newFleet(b)
	f.release = "bench"
	shared := b.TempDir()
	if err := (journals.Bulk{Docs: 8000, Size: benchBytes}).WriteTo(shared); err != nil {
		b.Fatal(err)
	}
	times := &stopwatch{}
	for i := range benchNodes {
		n := f.add(fmt.Sprintf("bench-%02d", i), documents(entry{text: "replaced"}))
		replace(b, filepath.Join(n.root, "logs"), filepath.Join(shared, "logs"))
		run := n.exec(f.agent)
		n.Run(func(e *kubelet.Exec) int {
			defer times.note(time.Now())
			return run(e)
		})
	}
	var own, whole []time.Duration
	for b.Loop() {
		start := time.Now()
		a := f.ask("trace", fmt.Sprintf("%x", journals.Wanted()), "-o", "raw")
		whole = append(whole, time.Since(start))
		if a.status != 0 || len(a.out) == 0 {
			b.Fatal(a)
		}
		own = append(own, times.slowest())
	}
	report(b, own, whole)
}

// report tells medians.
func report(b *testing.B, own, whole []time.Duration) {
	more := make([]time.Duration, len(own))
	for i := range own {
		more[i] = whole[i] - own[i]
	}
	for name, times := range map[string][]time.Duration{"own-ms": own, "more-ms": more} {
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, name)
	}
}

// replace puts a link in the place of a folder.
func replace(b *testing.B, folder, target string) {
	b.Helper()
	if err := os.RemoveAll(folder); err != nil {
		b.Fatal(err)
	}
	if err := os.Symlink(target, folder); err != nil {
		b.Fatal(err)
	}
}

// stopwatch keeps the longest of some times.
type stopwatch struct {
	mu   sync.Mutex
	most time.Duration
}

func (s *stopwatch) note(start time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = max(s.most, time.Since(start))
}

// slowest is the longest time since the last call.
func (s *stopwatch) slowest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.most = 0 }()
	return s.most
}
