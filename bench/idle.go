package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	idleFiles = 1000
	// idleSettle is how long after the last line the agent is measured: by
	// then it looks at the files as seldom as it ever does.
	idleSettle = 10 * time.Second
	// mostIdle is how much of a core so many files may take, in percent.
	mostIdle = 1.0
)

// idle measures what files cost that nobody writes to.
func idle(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	span := l.span(30*time.Second, 10*time.Second)
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	var used time.Duration
	rss, err := l.overFiles(ctx, dir, idleFiles, eachSecond(l.url), func(a *agent, w *writer) (err error) {
		w.close()
		used, err = l.idleCPU(ctx, a, w.lines, span)
		return err
	})
	if err != nil {
		return err
	}
	percent := 100 * used.Seconds() / span.Seconds()
	fmt.Printf("%s files=%d core_percent=%.2f rss_mib=%.1f\n", name, idleFiles, percent, float64(rss)/(1<<20))
	if percent >= mostIdle {
		return fmt.Errorf("%d idle files take %.2f %% of a core, and may take less than %.0f %%", idleFiles, percent, mostIdle)
	}
	return nil
}

// idleCPU is the CPU time that the agent takes for span when it has delivered
// everything.
func (l *lab) idleCPU(ctx context.Context, a *agent, lines int64, span time.Duration) (time.Duration, error) {
	if _, err := l.delivered(ctx, a, lines); err != nil {
		return 0, err
	}
	if err := pause(ctx, idleSettle); err != nil {
		return 0, err
	}
	return a.cpuWhile(func() error { return pause(ctx, span) })
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
