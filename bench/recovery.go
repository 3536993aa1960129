package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/bench/bigstate"
	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// longState is what an agent may have to start from.
var longState = bigstate.Size{Bytes: 10 << 30, Sources: 10_000, DocsPerFrame: 20, Behind: 25}

// mostRecovery is how long it may take until it reads.
const mostRecovery = time.Second

// recoveryConfig has a backend that does not answer, so that every start finds
// the same state. Frames are sealed at once: what is measured is the start.
const recoveryConfig = `receivers:
  pods: {root: %s, start_at: beginning}
exporters:
  elasticsearch: {endpoints: ["http://127.0.0.1:9"]}
service:
  journal: {directory: %s, max_size: 100GiB, max_age: 8760h, min_free: 1%%, flush: {interval: 1ms}}
  telemetry: {logs: {level: warn}, metrics: {address: "127.0.0.1:0"}}
  pipelines:
    logs: {receivers: [pods], exporters: [elasticsearch], mapping: otel}
`

// recovery measures how long an agent that was killed takes to read again:
// from its start to a line of a file in the journal. Nothing of its state is
// in the page cache.
func recovery(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	s, err := openLongState()
	if err != nil {
		return err
	}
	var all []time.Duration
	var read int64
	for range l.rounds {
		took, fromDisk, err := l.recover(ctx, s)
		if err != nil {
			return err
		}
		all, read = append(all, took), read+fromDisk/int64(l.rounds)
	}
	slices.Sort(all)
	fmt.Printf("%s journal_gib=%.1f checkpoints=%d first_line_ms=%d min_ms=%d max_ms=%d disk_mib=%.1f rounds=%d\n", name,
		float64(longState.Bytes)/(1<<30), longState.Sources, quantile(all, 50).Milliseconds(),
		quantile(all, 0).Milliseconds(), quantile(all, 100).Milliseconds(), float64(read)/(1<<20), len(all))
	if took := quantile(all, 50); took > mostRecovery {
		return fmt.Errorf("the agent reads after %s, and should after %s", took, mostRecovery)
	}
	return nil
}

// savedState is a state on disk that starts are made from again and again.
type savedState struct {
	dir string
	// names are the journal's files.
	names map[string]bool
	// small are the contents of the files that an agent changes in place.
	small map[string][]byte
}

// openLongState takes the state of an earlier run, or makes it.
func openLongState() (*savedState, error) {
	dir := filepath.Join(os.TempDir(), "tailrace-bench-state")
	if _, err := os.Stat(filepath.Join(dir, "whole")); err != nil {
		fmt.Printf("# making a journal of %d GiB in %s; it stays for the next run\n", longState.Bytes>>30, dir)
		if err := makeLongState(dir); err != nil {
			return nil, err
		}
	}
	s := &savedState{dir: dir, names: map[string]bool{}, small: map[string][]byte{}}
	return s, s.look()
}

func makeLongState(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := bigstate.Make(filepath.Join(dir, "journal"), "elasticsearch", longState); err != nil {
		return err
	}
	unix.Sync()
	f, err := corpus.Number(0).Create(filepath.Join(dir, "pods"))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(corpus.New(corpus.SlogJSON, 0, time.Now()).Append(nil)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
}

func (s *savedState) look() error {
	return s.walk(func(name string) error {
		s.names[name] = true
		if base := filepath.Base(name); !strings.HasSuffix(base, ".slot") && base != "durable" {
			return nil
		}
		b, err := os.ReadFile(name)
		s.small[name] = b
		return err
	})
}

func (s *savedState) walk(fn func(name string) error) error {
	return filepath.WalkDir(filepath.Join(s.dir, "journal"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return fn(name)
	})
}

// restore undoes what an agent has made of the state.
func (s *savedState) restore() error {
	err := s.walk(func(name string) error {
		if s.names[name] {
			return nil
		}
		return os.Remove(name)
	})
	for name, b := range s.small {
		err = errors.Join(err, os.WriteFile(name, b, 0o640))
	}
	return err
}

// forget has nothing of the state, of the agent and of the logs be in memory.
func (s *savedState) forget(agent string) error {
	unix.Sync()
	err := errors.Join(s.walk(evict), evict(agent))
	// Names and inodes too, where that is allowed (proc(5)).
	_ = os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0)
	return err
}

func evict(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// recover starts an agent and returns how long it took to have a line in the
// journal, and how many bytes it read from the disk.
func (l *lab) recover(ctx context.Context, s *savedState) (took time.Duration, read int64, err error) {
	if err := errors.Join(s.restore(), s.forget(l.agent)); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	begun := time.Now()
	a, err := l.startWith(ctx, s.dir, recoveryConfig)
	if err != nil {
		return 0, 0, err
	}
	at, err := s.firstFrame(ctx, a)
	read, readErr := a.fromDisk()
	_ = a.cmd.Process.Kill()
	<-a.done
	return at.Sub(begun), read, errors.Join(err, readErr, s.restore())
}

// fromDisk is read_bytes of proc_pid_io(5): what was not in the page cache.
func (a *agent) fromDisk() (n int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", a.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "read_bytes: "); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("process %d has no read_bytes", a.cmd.Process.Pid)
}

// firstFrame waits for a segment that the agent has begun, and returns when
// its first frame was written.
func (s *savedState) firstFrame(ctx context.Context, a *agent) (at time.Time, err error) {
	for at.IsZero() && err == nil {
		if err = pause(ctx, time.Millisecond); err != nil {
			break
		}
		select {
		case err := <-a.done:
			a.done <- err
			return at, fmt.Errorf("the agent ended too early: %v\n%s", err, a.stderr.Bytes())
		default:
		}
		at, err = s.newFrame()
	}
	return at, err
}

func (s *savedState) newFrame() (at time.Time, err error) {
	segments, err := filepath.Glob(filepath.Join(s.dir, "journal", "logs", "*.ndjson.gz"))
	if err != nil {
		return at, err
	}
	for _, name := range segments {
		if s.names[name] {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return at, err
		}
		var m frame.Meta
		if _, err := frame.ParseHeader(b, &m); err == nil && m.Docs > 0 {
			return time.Unix(0, m.JournalTime), nil
		}
	}
	return at, nil
}
