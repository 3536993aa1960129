package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
)

const (
	// quietPods write quietRate lines a second together.
	quietPods = 99
	quietRate = 990
	quietStep = 99 * time.Millisecond
	// noisyRate is in bytes a second, noisyStep how often they are written,
	// noisySpan for how long at a time.
	noisyRate = 50 << 20
	noisyStep = 10 * time.Millisecond
	noisySpan = 3 * time.Second
	// noisyChunk is what is written again and again: many times what gzip
	// looks back.
	noisyChunk = 8 << 20
	// mostNoise is how much longer the quiet pods may wait beside a noisy one.
	mostNoise = 2.0
)

// noisy measures how long the lines of quiet pods take to be in the journal,
// alone and beside a pod that writes as much as it can, in turns.
func noisy(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	w, err := newWriter(filepath.Join(dir, "pods"), quietPods)
	if err != nil {
		return err
	}
	defer w.close()
	a, err := l.startWith(ctx, dir, deliverTo())
	if err != nil {
		return err
	}
	rounds, err := w.inTurns(ctx, filepath.Join(dir, "pods"), l.rounds)
	if err == nil {
		err = a.settled(ctx)
	}
	_, rss, stopErr := a.stop()
	if err := errors.Join(err, stopErr); err != nil {
		return err
	}
	late, err := latenessOf(filepath.Join(a.journal, "logs"), rounds)
	if err != nil {
		return err
	}
	return late.report(name, rounds, rss)
}

// phases are one round: when the quiet pods began to be alone, when noise
// began, when it ended, and how much it was in bytes.
type phases struct {
	alone, beside, end time.Time
	noise              int64
}

// inTurns writes the quiet pods' lines, with and without noise.
func (w *writer) inTurns(ctx context.Context, logs string, rounds int) (all []phases, err error) {
	quiet := pace{rate: quietRate, files: quietPods, step: quietStep}
	if err := w.write(ctx, quiet, pacedWarmUp); err != nil {
		return nil, err
	}
	for range rounds {
		p := phases{alone: time.Now()}
		if err := w.write(ctx, quiet, noisySpan); err != nil {
			return nil, err
		}
		p.beside = time.Now()
		if p.noise, err = w.besideNoise(ctx, logs, quiet); err != nil {
			return nil, err
		}
		p.end = time.Now()
		all = append(all, p)
	}
	return all, nil
}

func (w *writer) besideNoise(ctx context.Context, logs string, quiet pace) (int64, error) {
	loud, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		written int64
		err     error
	}
	done := make(chan result, 1)
	go func() {
		n, err := makeNoise(loud, logs)
		done <- result{n, err}
	}()
	err := w.write(ctx, quiet, noisySpan)
	cancel()
	noise := <-done
	return noise.written, errors.Join(err, noise.err)
}

// noisyPod is the pod behind the quiet ones.
var noisyPod = corpus.Number(quietPods)

// makeNoise writes at noisyRate until ctx ends, and returns how much.
func makeNoise(ctx context.Context, logs string) (written int64, err error) {
	f, err := noisyPod.Create(logs)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	g := corpus.New(corpus.SlogJSON, quietPods, time.Now())
	var chunk []byte
	for len(chunk) < noisyChunk {
		chunk = g.Append(chunk)
	}
	tick := time.NewTicker(noisyStep)
	defer tick.Stop()
	for start := time.Now(); ; {
		select {
		case <-ctx.Done():
			return written, nil
		case <-tick.C:
		}
		for due := int64(noisyRate * time.Since(start).Seconds()); written < due; {
			at := int(written % int64(len(chunk)))
			n, err := f.Write(chunk[at:min(len(chunk), at+int(due-written))])
			written += int64(n)
			if err != nil {
				return written, err
			}
		}
	}
}

// settled waits until the journal has not grown for a second.
func (a *agent) settled(ctx context.Context) error {
	for size, still := int64(-1), 0; still < 10; {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		total, err := sizeOf(filepath.Join(a.journal, "logs"))
		if err != nil {
			return err
		}
		if still++; total != size {
			size, still = total, 0
		}
	}
	return nil
}

// sizeOf is the length of the segments in a folder.
func sizeOf(dir string) (total int64, err error) {
	segments, err := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	for _, name := range segments {
		st, statErr := os.Stat(name)
		if statErr != nil {
			return 0, statErr
		}
		total += st.Size()
	}
	return total, err
}

// lateness is how long the quiet pods' lines took in each round, in order.
type lateness struct{ alone, beside [][]time.Duration }

func latenessOf(journal string, rounds []phases) (lateness, error) {
	all := lateness{make([][]time.Duration, len(rounds)), make([][]time.Duration, len(rounds))}
	mark := []byte(noisyPod.Name)
	err := eachLatency(journal, func(doc []byte, at time.Time, took time.Duration) {
		i := slices.IndexFunc(rounds, func(p phases) bool { return !at.Before(p.alone) && at.Before(p.end) })
		switch {
		case i < 0 || bytes.Contains(doc, mark):
		case at.Before(rounds[i].beside):
			all.alone[i] = append(all.alone[i], took)
		default:
			all.beside[i] = append(all.beside[i], took)
		}
	})
	for i := range rounds {
		slices.Sort(all.alone[i])
		slices.Sort(all.beside[i])
	}
	return all, err
}

// report compares within rounds, of which the median counts: an fsync that
// takes long hits one or the other at random.
func (l *lateness) report(name string, rounds []phases, rss int64) error {
	var ratios []float64
	var noise float64
	for i, p := range rounds {
		ratios = append(ratios, float64(quantile(l.beside[i], 99))/float64(quantile(l.alone[i], 99)))
		noise += float64(p.noise) / p.end.Sub(p.beside).Seconds() / float64(len(rounds))
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	alone, beside := slices.Sorted(each(l.alone)), slices.Sorted(each(l.beside))
	fmt.Printf("%s quiet_pods=%d noise_mb_per_s=%.0f alone_p50_ms=%d alone_p99_ms=%d beside_p50_ms=%d beside_p99_ms=%d beside_max_ms=%d p99_ratio=%.2f rss_mib=%.1f lines=%d/%d\n",
		name, quietPods, noise/1e6, quantile(alone, 50).Milliseconds(), quantile(alone, 99).Milliseconds(),
		quantile(beside, 50).Milliseconds(), quantile(beside, 99).Milliseconds(), quantile(beside, 100).Milliseconds(),
		ratio, float64(rss)/(1<<20), len(alone), len(beside))
	if ratio > mostNoise {
		return fmt.Errorf("lines of quiet pods take %.1f times as long beside a noisy one, and may take %.0f times", ratio, mostNoise)
	}
	return nil
}

func each(rounds [][]time.Duration) iter.Seq[time.Duration] {
	return slices.Values(slices.Concat(rounds...))
}
