package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// lab is what workloads share: a directory, the sink, and the programs.
type lab struct {
	options
	self, agent string
	sink        *exec.Cmd
	url         string
}

func newLab(ctx context.Context, o options) (*lab, error) {
	l := &lab{options: o}
	var err error
	if l.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if l.dir, err = os.MkdirTemp(o.dir, "tailrace-bench-"); err != nil {
		return nil, err
	}
	if err := l.prepare(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// span is for how long a workload is measured.
func (l *lab) span(usual, short time.Duration) time.Duration {
	if l.short {
		return short
	}
	return usual
}

func (l *lab) prepare(ctx context.Context) error {
	if l.rounds == 0 {
		l.rounds = 7
		if l.short {
			l.rounds = 3
		}
	}
	if err := l.findAgent(ctx); err != nil {
		return err
	}
	l.sink = exec.CommandContext(ctx, l.self, "sink")
	l.sink.Stderr = os.Stderr
	l.sink.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := l.sink.StdoutPipe()
	if err != nil {
		return err
	}
	if err := l.sink.Start(); err != nil {
		return err
	}
	l.url, err = bufio.NewReader(out).ReadString('\n')
	l.url = strings.TrimSpace(l.url)
	return err
}

// findAgent builds the agent as "make build" does, unless one is given.
func (l *lab) findAgent(ctx context.Context) error {
	if l.own || l.options.agent != "" {
		l.agent = l.options.agent
		return nil
	}
	return l.build(ctx, ".")
}

// build builds the agent from the repository.
func (l *lab) build(ctx context.Context, repository string) error {
	l.agent = filepath.Join(l.dir, "tailrace")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", l.agent, "./cmd/tailrace")
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the agent does not build: %w\n%s", err, out)
	}
	return nil
}

func (l *lab) close() {
	if l.sink != nil && l.sink.Process != nil {
		_ = l.sink.Process.Kill()
		_ = l.sink.Wait()
	}
	if l.keep {
		fmt.Printf("# logs and journals are in %s\n", l.dir)
		return
	}
	_ = os.RemoveAll(l.dir)
}

// outcome is what one run of one program took.
type outcome struct {
	lines int
	cpu   time.Duration
	rss   int64
	plain int64
	pack  int64
}

func (o outcome) perSecond() float64 { return float64(o.lines) / o.cpu.Seconds() }

// child runs the benchmark's own program in another role to its end and
// returns its CPU time.
func (l *lab) child(ctx context.Context, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, l.self, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return cpuOf(cmd.ProcessState), nil
}

func cpuOf(s *os.ProcessState) time.Duration { return s.UserTime() + s.SystemTime() }

// machine names what the figures were measured on.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s %s/%s, %s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.DateOnly))
}
