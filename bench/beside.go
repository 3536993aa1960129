package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/sink"
	"github.com/tailrace/tailrace/internal/testkit/journals"
)

const (
	// besideBytes is the journal that is searched.
	besideBytes = 256 << 20
	// besideRounds is how many times as many rounds as usual there are: time on
	// the clock changes more from one to the next than CPU time.
	besideRounds = 3
	// besideLimit is how much throughput an agent may lose to searches.
	besideLimit = 0.05
)

// beside measures what an agent at full speed loses to searches that others ask
// for from afar, one after the other without a pause, of the kind that takes the
// most: it inflates everything and finds nothing. Agent and searches have one
// processor together, so that the searches get what the agent leaves while it
// waits for the disk, and what the scheduler gives them besides. As root, the
// agent is put above the machine's other programs.
func beside(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	lines := l.sizes().agent / 2
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	if err := corpus.Number(0).Write(filepath.Join(dir, "pods"), corpus.New(corpus.SlogJSON, 1, time.Now().Add(-time.Hour)), lines); err != nil {
		return err
	}
	searched := filepath.Join(dir, "searched")
	if err := (journals.Bulk{Docs: 8000, Size: besideBytes}).WriteTo(searched); err != nil {
		return err
	}
	var rounds []shared
	for range besideRounds * l.rounds {
		r, err := l.besideRound(ctx, dir, searched, lines)
		if err != nil {
			return err
		}
		rounds = append(rounds, r)
	}
	slices.SortFunc(rounds, func(a, b shared) int { return cmp.Compare(a.loss(), b.loss()) })
	r := rounds[len(rounds)/2]
	loss := r.loss()
	fmt.Printf("%s lines_per_s=%.0f with_searches=%.0f loss_percent=%.1f agent_cpu_s=%.2f/%.2f searches_cpu_s=%.2f\n", name,
		float64(lines)/r.alone.wall.Seconds(), float64(lines)/r.loaded.wall.Seconds(), 100*loss, r.alone.cpu.Seconds(), r.loaded.cpu.Seconds(), r.searches.Seconds())
	if loss > besideLimit {
		return fmt.Errorf("searches cost the agent %.1f %% of its throughput, which may be %.0f %%", 100*loss, 100*besideLimit)
	}
	return nil
}

// took is what the agent took for all lines.
type took struct{ wall, cpu time.Duration }

// cluster measures a trace over many nodes behind a real API server.
func cluster(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./test/cluster", "-run", "^$", "-bench", "Trace", "-benchtime", fmt.Sprint(l.rounds, "x"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// shared is a round without and with searches, and what these took.
type shared struct {
	alone, loaded took
	searches      time.Duration
}

func (s shared) loss() float64 { return 1 - s.alone.wall.Seconds()/s.loaded.wall.Seconds() }

func (l *lab) besideRound(ctx context.Context, dir, searched string, lines int) (s shared, err error) {
	if s.alone, err = l.onOne(ctx, dir, lines); err != nil {
		return s, err
	}
	stop := l.searchOn(ctx, searched)
	s.loaded, err = l.onOne(ctx, dir, lines)
	var stopErr error
	s.searches, stopErr = stop()
	return s, errors.Join(err, stopErr)
}

// onOne has the agent read all lines on one processor.
func (l *lab) onOne(ctx context.Context, dir string, lines int) (took, error) {
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	if _, err := sink.Read(l.url, true); err != nil {
		return took{}, err
	}
	start := time.Now()
	var a *agent
	err := onOneProcessor(func() (err error) {
		a, err = l.start(ctx, dir)
		return err
	})
	if err != nil {
		return took{}, err
	}
	raise(a.cmd.Process.Pid)
	defer os.RemoveAll(a.journal)
	_, err = l.delivered(ctx, a, int64(lines))
	wall := time.Since(start)
	cpu, _, stopErr := a.stop()
	return took{wall, cpu}, errors.Join(err, stopErr)
}

// above is a nice value that few others have.
const above = -20

// raise puts a running program above others, where that is allowed.
func raise(pid int) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, above)
		}
	}
}

// onOneProcessor has the programs that do starts run on the first processor
// only: a child has the affinity of the thread that made it (sched_setaffinity(2)).
func onOneProcessor(do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	return errors.Join(do(), unix.SchedSetaffinity(0, &all))
}

// searchOn runs searches until stop is called, which tells their CPU time.
func (l *lab) searchOn(ctx context.Context, journal string) (stop func() (time.Duration, error)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	var cpu time.Duration
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			var used time.Duration
			used, err = l.searchOnce(ctx, journal)
			cpu += used
		}
		if ctx.Err() != nil {
			err = nil
		}
		done <- err
	}()
	return func() (time.Duration, error) {
		cancel()
		err := <-done
		return cpu, err
	}
}

// searchOnce is what kubectl tailrace runs on a node.
func (l *lab) searchOnce(ctx context.Context, journal string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, l.agent, "grep", "--stream", "--since=all", "--journal="+journal, "--", "no such word")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if err := onOneProcessor(cmd.Start); err != nil {
		return 0, err
	}
	_, err = io.WriteString(in, "1000000\n")
	err = errors.Join(err, cmd.Wait())
	return cpuOf(cmd.ProcessState), err
}
