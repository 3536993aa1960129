package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
)

// serverLines keep the server busy for some twenty seconds.
const serverLines = 300_000

// BenchmarkServer delivers the lines of W1 into a real Elasticsearch of one
// node on the same machine, and compares its CPU time with the agent's:
//
//	go test ./bench -run '^$' -bench Server -benchtime 1x
func BenchmarkServer(b *testing.B) {
	l := &lab{options: options{dir: b.TempDir()}}
	must(b, l.build(b.Context(), ".."))
	logs := corpus.New(corpus.SlogJSON, 1, time.Now().Add(-time.Hour))
	must(b, corpus.Number(0).Write(filepath.Join(l.dir, "pods"), logs, serverLines))
	for b.Loop() {
		// Each round has a server of its own, since one without Elastic's
		// modules cannot delete data streams.
		s := elastic.Start(b, elastic.Options{Tuned: true})
		s.TakeLogs("default")
		l.intoServer(b, s)
	}
}

// intoServer delivers the lines once.
func (l *lab) intoServer(b *testing.B, s *elastic.Server) {
	server := cpuOfAll(b, s.Processes())
	began := time.Now()
	a, err := l.startWith(b.Context(), l.dir, deliverTo(eachSecond(s.URL)))
	must(b, err)
	for s.Count("logs-*", "*") < serverLines {
		time.Sleep(500 * time.Millisecond)
	}
	took := time.Since(began)
	agent, rss, err := a.stop()
	must(b, err)
	server = cpuOfAll(b, s.Processes()) - server
	must(b, os.RemoveAll(a.journal))
	b.ReportMetric(serverLines/took.Seconds(), "docs/s")
	b.ReportMetric(agent.Seconds(), "agent-cpu-s")
	b.ReportMetric(server.Seconds(), "server-cpu-s")
	b.ReportMetric(float64(rss)/(1<<20), "agent-MiB")
}

// cpuOfAll sums the CPU time of processes so far; those that have ended
// meanwhile do not count.
func cpuOfAll(b *testing.B, pids []int) (sum time.Duration) {
	for _, pid := range pids {
		if d, err := cpuOfRunning(pid); err == nil {
			sum += d
		} else if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ESRCH) {
			b.Fatal(err)
		}
	}
	return sum
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
