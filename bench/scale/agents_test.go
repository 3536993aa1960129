package scale

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/processors/kubernetes"
)

// place is where agents ask, and with what.
type place struct {
	url, ca, token string
	dir            string
}

// agents start so many at once, each with a connection of its own, and return
// when all of them know what they are to know. They run until end is called.
type agents func(b *testing.B, p *place, count int) (end func())

// noFiles are the logs of an agent that reads none.
type noFiles struct{}

func (noFiles) Refresh(string)       {}
func (noFiles) Rescan()              {}
func (noFiles) Identities() []string { return nil }

// tailrace runs what the agent itself runs, as its default configuration has it.
func tailrace(b *testing.B, p *place, count int) (end func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var all []*kubernetes.Pods
	for i := range count {
		all = append(all, p.pods(b, i))
	}
	for _, pods := range all {
		running.Go(func() { pods.Run(ctx, noFiles{}) })
	}
	p.await(b, all)
	return func() {
		cancel()
		running.Wait()
	}
}

// pods are what the i-th agent knows.
func (p *place) pods(b *testing.B, i int) *kubernetes.Pods {
	b.Helper()
	c := kubernetes.DefaultConfig()
	c.Endpoint, c.TokenFile, c.CAFile = p.url, p.token, p.caOf(b, i)
	pods, err := kubernetes.New(c, kubernetes.Options{
		Node: nodeName(i), FS: vfs.OS{}, UserAgent: "tailrace", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	return pods
}

// caOf is the certificate authority's file for one agent. Connections are shared
// by all clients in a process with the same certificates (client-go, transport),
// so each has a file that differs in what is no certificate.
func (p *place) caOf(b *testing.B, i int) string {
	b.Helper()
	pem, err := os.ReadFile(p.ca)
	if err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(p.dir, fmt.Sprintf("ca-%d.pem", i))
	if err := os.WriteFile(name, fmt.Appendf(pem, "# agent %d\n", i), 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

// await returns when each agent knows its pods and watches them.
func (p *place) await(b *testing.B, all []*kubernetes.Pods) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		waiting, failures := 0, uint64(0)
		for _, pods := range all {
			f := pods.Figures()
			failures += f.Failures
			if f.Pods != podsPerNode || !f.Watching {
				waiting++
			}
		}
		if waiting == 0 {
			b.ReportMetric(float64(failures), "failures")
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d agents do not know their pods; %d requests failed", waiting, len(all), failures)
		}
	}
}

// allPods runs the yardstick, a program of testdata/allpods.
func allPods(b *testing.B, p *place, count int) (end func()) {
	b.Helper()
	bin := filepath.Join(p.dir, "allpods")
	if out, err := exec.Command("go", "build", "-C", filepath.Join("testdata", "allpods"), "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	agents := testkit.Start(b, testkit.Command{Name: "allpods", Path: bin, Dir: p.dir, Logs: p.dir, Args: []string{
		"-server", p.url, "-ca", p.ca, "-token", p.token, "-count", strconv.Itoa(count),
	}})
	if line := agents.FirstLine(); line != "synced" {
		b.Fatalf("it says %q\n%s", line, agents.Tail())
	}
	return agents.Kill
}
