package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/test/oracle"
)

const (
	rotationContainers = 20
	rotationRate       = 4_000
	// rotationLimit makes a container's log rotate about every second.
	rotationLimit = 64 << 10
	// The sink answers nothing for rotationStall. The agent is killed in it, so
	// late that it has sent a request (eachSecond's flush.interval is 1 s).
	rotationStall = 2 * time.Second
	rotationKill  = 1600 * time.Millisecond
)

// rotation has the agent read logs that are renamed while records are being
// written to them, with a backend that stalls and a kill -9, and lets the
// oracle judge: nothing lost, nothing broken, nothing twice.
func rotation(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	span := l.span(20*time.Second, 8*time.Second)
	return l.judge(name, func(j *judgedRun) error {
		r := &rotationRun{judgedRun: j}
		if err := r.play(ctx, span); err != nil {
			return err
		}
		return r.report(name)
	})
}

// rotationRun is one run of the workload.
type rotationRun struct {
	*judgedRun
	// behind is how many records were written and not delivered at the kill.
	behind int
}

// play writes for span; in its middle the sink stalls and the agent is killed.
func (r *rotationRun) play(ctx context.Context, span time.Duration) (err error) {
	written, err := r.write(ctx, span, oracle.Load{Seed: 5,
		Containers: rotationContainers, Rate: rotationRate, Limit: rotationLimit})
	if err != nil {
		return err
	}
	if r.agent, err = r.startWith(ctx, r.dir, deliverTo(eachSecond(r.url))); err != nil {
		return err
	}
	if err := errors.Join(pause(ctx, span/2), r.stallAndKill(ctx), <-written, r.drain(ctx)); err != nil {
		return err
	}
	_, _, err = r.agent.stop()
	return err
}

// stallAndKill kills the agent while its requests hang, and starts the next.
func (r *rotationRun) stallAndKill(ctx context.Context) error {
	if err := r.sink.Script.Set(fmt.Sprintf("stall:%s,ok", rotationStall)); err != nil {
		return err
	}
	if err := pause(ctx, rotationKill); err != nil {
		return err
	}
	written, err := oracle.WrittenSoFar(r.path("ledger"))
	if err != nil {
		return err
	}
	stored, err := r.stored()
	if err != nil {
		return err
	}
	r.behind = written - stored
	_ = r.agent.cmd.Process.Kill()
	<-r.agent.done
	r.agent, err = r.startWith(ctx, r.dir, deliverTo(eachSecond(r.url)))
	return err
}

// rotated counts the files that were rotated away, and those of them that end
// within a record.
func (r *rotationRun) rotated() (files, split int, err error) {
	names, err := filepath.Glob(r.path("pods/*/*/0.log.*"))
	for _, name := range names {
		b, readErr := os.ReadFile(name)
		if readErr != nil {
			return 0, 0, readErr
		}
		last := b[bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), '\n')+1:]
		// CRI: time, stream, and P for a piece that is not the last.
		if fields := bytes.SplitN(last, []byte(" "), 4); len(fields) == 4 && string(fields[2]) == "P" {
			split++
		}
	}
	return len(names), split, err
}

func (r *rotationRun) report(name string) error {
	v, err := oracle.JudgeFiles(r.path("ledger"), r.path("record"), filepath.Join(r.agent.journal, "logs"))
	if err != nil {
		return err
	}
	files, split, err := r.rotated()
	if err != nil {
		return err
	}
	broken := map[byte]int{}
	for _, x := range v.Violations {
		broken[x.Invariant]++
	}
	fmt.Printf("%s records=%d rotations=%d split_records=%d stall_s=%.0f behind_at_kill=%d lost=%d broken=%d duplicates=%d journal_errors=%d answered_409=%d\n",
		name, v.Records, files, split, rotationStall.Seconds(), r.behind,
		broken['C']+broken['A'], broken['P'], broken['D'], broken['J'], v.Repeats)
	switch {
	case len(v.Violations) > 0:
		return fmt.Errorf("the oracle finds:\n%s", v)
	case split == 0 || r.behind == 0 || v.Repeats == 0:
		return errors.New("no record was split by a rotation, or the kill hit nothing that was under way: the run proves nothing")
	}
	return nil
}
