package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/sink"
)

// agent is a running agent.
type agent struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan error
	// logs is what it reads, journal where its frames are.
	logs, journal string
}

// deliverTo is a whole configuration, a format of the logs' folder and the
// journal's: the journal is on disk, with fsync, and its frames go to exporters
// of Elasticsearch with these settings.
func deliverTo(exporters ...string) string {
	sections, ids := "", []string{}
	for i, settings := range exporters {
		ids = append(ids, fmt.Sprintf("elasticsearch/%d", i+1))
		sections += "  " + ids[i] + ": " + settings + "\n"
	}
	return `receivers:
  pods: {root: %s, start_at: beginning}
exporters:
` + sections + `service:
  journal: {directory: %s, max_size: 20GiB, min_free: 1%%}
  telemetry: {logs: {level: warn}, metrics: {address: "127.0.0.1:0"}}
  pipelines:
    logs: {receivers: [pods], exporters: [` + strings.Join(ids, ", ") + `], mapping: otel}
`
}

// eachSecond are the settings of an exporter that sends every second; byDefault
// has its own idea of when to send.
func eachSecond(address string) string {
	return fmt.Sprintf("{endpoints: [%q], flush: {interval: 1s, bytes: 5MiB}}", address)
}

func byDefault(address string) string { return fmt.Sprintf("{endpoints: [%q]}", address) }

// start runs the agent over the logs in dir, and delivers to the sink.
func (l *lab) start(ctx context.Context, dir string) (*agent, error) {
	return l.startWith(ctx, dir, deliverTo(eachSecond(l.url)))
}

// startWith runs the agent over the logs in dir. The configuration is a format
// of the logs' folder and the journal's.
func (l *lab) startWith(ctx context.Context, dir, config string) (*agent, error) {
	a := &agent{done: make(chan error, 1), logs: filepath.Join(dir, "pods"), journal: filepath.Join(dir, "journal")}
	file := filepath.Join(dir, "tailrace.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, a.logs, a.journal), 0o644); err != nil {
		return nil, err
	}
	a.cmd = exec.CommandContext(ctx, l.agent, "run", "--config", file)
	a.cmd.Env = append(os.Environ(), "NODE_NAME="+corpus.Node)
	a.cmd.Stderr = &a.stderr
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { a.done <- a.cmd.Wait() }()
	return a, nil
}

// delivered waits until the sink has had docs documents.
func (l *lab) delivered(ctx context.Context, a *agent, docs int64) (sink.Counts, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-a.done:
			a.done <- err
			return sink.Counts{}, fmt.Errorf("the agent ended too early: %v\n%s", err, a.stderr.Bytes())
		case <-ctx.Done():
			return sink.Counts{}, fmt.Errorf("stopped waiting for documents: %w\n%s", ctx.Err(), a.stderr.Bytes())
		case <-tick.C:
		}
		c, err := sink.Read(l.url, false)
		if err != nil || c.Docs >= docs {
			return c, err
		}
	}
}

// stop ends the agent and returns its CPU time and its highest resident size.
func (a *agent) stop() (cpu time.Duration, rss int64, err error) {
	rss, err = a.peak()
	if e := a.cmd.Process.Signal(syscall.SIGTERM); err == nil {
		err = e
	}
	if e := <-a.done; err == nil && e != nil {
		err = fmt.Errorf("the agent: %w\n%s", e, a.stderr.Bytes())
	}
	return cpuOf(a.cmd.ProcessState), rss, err
}

// peak is VmHWM of proc_pid_status(5), in bytes. The maximum in rusage will
// not do: it begins with that of the process that forked.
func (a *agent) peak() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmHWM", a.cmd.Process.Pid)
}

// clockTick is the unit of times in proc_pid_stat(5): USER_HZ, 100 on every
// architecture that Go runs on.
const clockTick = time.Second / 100

// cpuWhile is the CPU time that the agent takes while do runs.
func (a *agent) cpuWhile(do func() error) (time.Duration, error) {
	before, err := a.cpu()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := a.cpu()
	return after - before, err
}

// cpu is the CPU time of the running agent so far.
func (a *agent) cpu() (time.Duration, error) { return cpuOfRunning(a.cmd.Process.Pid) }

func cpuOfRunning(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// Fields behind the name in parentheses begin with the third; utime and
	// stime are the 14th and 15th.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var total time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(n) * clockTick
	}
	return total, nil
}
