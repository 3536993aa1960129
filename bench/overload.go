package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/test/oracle"
)

const (
	overloadContainers = 20
	overloadRate       = 4_000
	// overloadScript refuses whole requests in two ways, and items of others,
	// for overloadFor together.
	overloadScript = "429:5s,503:5s,partly:5s,429:3s,503:2s,ok"
	overloadFor    = 20 * time.Second
	// overloadBack is how soon the backend must be sent at least as much as is
	// written, once it takes everything.
	overloadBack = 2 * time.Second
	// overloadMemory bounds the resident memory: that of a calm agent, twice.
	overloadMemory = 80 << 20
)

// overload has the sink refuse requests and items for 20 s while logs are
// written, and measures how soon delivery is back, and what memory it took; the
// oracle says whether anything was lost.
func overload(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	return l.judge(name, func(j *judgedRun) error {
		r := &overloadRun{judgedRun: j}
		if err := r.play(ctx); err != nil {
			return err
		}
		return r.report(name)
	})
}

// overloadRun is one run of the workload.
type overloadRun struct {
	*judgedRun
	// behind is how many records waited when the backend took all again.
	behind int
	// back is when as much was stored as half a second writes, caughtUp when nothing was
	// behind any more, from the end of the overload.
	back, caughtUp time.Duration
	rss            int64
}

func (r *overloadRun) play(ctx context.Context) error {
	const calm = 5 * time.Second
	written, err := r.write(ctx, calm+overloadFor+calm, oracle.Load{Seed: 6,
		Containers: overloadContainers, Rate: overloadRate, Limit: 16 << 20})
	if err != nil {
		return err
	}
	if r.agent, err = r.startWith(ctx, r.dir, deliverTo(eachSecond(r.url))); err != nil {
		return err
	}
	if err := errors.Join(pause(ctx, calm), r.sink.Script.Set(overloadScript), pause(ctx, overloadFor), r.recover(ctx)); err != nil {
		return err
	}
	if err := errors.Join(<-written, r.drain(ctx)); err != nil {
		return err
	}
	_, r.rss, err = r.agent.stop()
	return err
}

// recover watches the sink after the overload until nothing is behind but what
// is on its way anyway: a flush interval's records.
func (r *overloadRun) recover(ctx context.Context) error {
	const look = 50 * time.Millisecond
	end := time.Now()
	first, err := r.stored()
	if err != nil {
		return err
	}
	for r.caughtUp == 0 && time.Since(end) < agentTimeout {
		if err := pause(ctx, look); err != nil {
			return err
		}
		stored, err := r.stored()
		if err != nil {
			return err
		}
		written, err := oracle.WrittenSoFar(r.path("ledger"))
		if err != nil {
			return err
		}
		now := time.Since(end)
		if r.behind == 0 {
			r.behind = written - first
		}
		if r.back == 0 && stored-first >= overloadRate/2 {
			r.back = now
		}
		if written-stored < 2*overloadRate {
			r.caughtUp = now
		}
	}
	return nil
}

func (r *overloadRun) report(name string) error {
	v, err := oracle.JudgeFiles(r.path("ledger"), r.path("record"), filepath.Join(r.agent.journal, "logs"))
	if err != nil {
		return err
	}
	broken := map[byte]int{}
	for _, x := range v.Violations {
		broken[x.Invariant]++
	}
	fmt.Printf("%s records=%d overload_s=%.0f behind_at_end=%d back_ms=%d caught_up_ms=%d lost=%d broken=%d duplicates=%d rss_mib=%.1f\n",
		name, v.Records, overloadFor.Seconds(), r.behind, r.back.Milliseconds(), r.caughtUp.Milliseconds(),
		broken['C']+broken['A'], broken['P'], broken['D'], float64(r.rss)/(1<<20))
	switch {
	case len(v.Violations) > 0:
		return fmt.Errorf("the oracle finds:\n%s", v)
	case r.behind < overloadRate:
		return errors.New("nothing was behind when the overload ended: the run proves nothing")
	case r.back == 0 || r.back > overloadBack:
		return fmt.Errorf("delivery was back %v after the overload, later than %v", r.back, overloadBack)
	case r.rss > overloadMemory:
		return fmt.Errorf("%d MiB resident, more than %d", r.rss>>20, overloadMemory>>20)
	}
	return nil
}
