package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/sink"
)

const (
	pacedRate   = 10_000
	pacedFiles  = 110
	pacedActive = 10
	// pacedStep is how often each active file is written: the steps of the
	// files are spread over it.
	pacedStep = 20 * time.Millisecond
	// pacedWarmUp is not measured.
	pacedWarmUp = 3 * time.Second
)

// paced measures an agent that has time: CPU, memory, and how long a line
// takes to be in the journal.
func paced(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	span := l.span(30*time.Second, 10*time.Second)
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	var used time.Duration
	var from time.Time
	journal := ""
	rss, err := l.overFiles(ctx, dir, pacedFiles, eachSecond(l.url), func(a *agent, w *writer) (err error) {
		journal = a.journal
		used, from, err = l.pace(ctx, a, w, span)
		return err
	})
	if err != nil {
		return err
	}
	late, err := latencies(filepath.Join(journal, "logs"), from)
	if err != nil {
		return err
	}
	fmt.Printf("%s lines_per_s=%d core_percent=%.2f rss_mib=%.1f p50_ms=%d p99_ms=%d max_ms=%d lines=%d\n",
		name, pacedRate, 100*used.Seconds()/span.Seconds(), float64(rss)/(1<<20),
		quantile(late, 50).Milliseconds(), quantile(late, 99).Milliseconds(), quantile(late, 100).Milliseconds(), len(late))
	return nil
}

// overFiles runs an agent over so many files, each with a line, that delivers to
// an exporter with these settings while do runs, and returns its highest
// resident size.
func (l *lab) overFiles(ctx context.Context, dir string, files int, exporter string, do func(*agent, *writer) error) (rss int64, err error) {
	w, err := newWriter(filepath.Join(dir, "pods"), files)
	if err != nil {
		return 0, err
	}
	defer w.close()
	if _, err := sink.Read(l.url, true); err != nil {
		return 0, err
	}
	a, err := l.startWith(ctx, dir, deliverTo(exporter))
	if err != nil {
		return 0, err
	}
	err = do(a, w)
	_, rss, stopErr := a.stop()
	return rss, errors.Join(err, stopErr)
}

// pace writes for the warm-up and the span, and returns the CPU time that the
// agent took for the span, and when that began.
func (l *lab) pace(ctx context.Context, a *agent, w *writer, span time.Duration) (used time.Duration, from time.Time, err error) {
	load := pace{rate: pacedRate, files: pacedActive, step: pacedStep}
	if err := w.write(ctx, load, pacedWarmUp); err != nil {
		return 0, from, err
	}
	used, err = a.cpuWhile(func() error {
		from = time.Now()
		return w.write(ctx, load, span)
	})
	if err != nil {
		return 0, from, err
	}
	_, err = l.delivered(ctx, a, w.lines)
	return used, from, err
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// writer appends lines to some of many files at a steady pace.
type writer struct {
	files []*os.File
	lines int64
	from  []*corpus.Generator
	buf   []byte
}

func newWriter(logs string, files int) (*writer, error) {
	w := &writer{}
	now := time.Now()
	for i := range files {
		f, err := corpus.Number(i).Create(logs)
		if err != nil {
			w.close()
			return nil, err
		}
		kind := corpus.SlogJSON
		if i%2 == 1 {
			kind = corpus.Nginx
		}
		w.files = append(w.files, f)
		w.from = append(w.from, corpus.New(kind, uint64(i), now))
		if err := w.append(i, 1); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *writer) close() {
	for _, f := range w.files {
		_ = f.Close()
	}
}

// pace is how fast a writer writes: rate lines a second over its first files,
// to each of them every step.
type pace struct {
	rate, files int
	step        time.Duration
}

// write keeps the pace for d. A step that comes late writes what is due then.
func (w *writer) write(ctx context.Context, p pace, d time.Duration) error {
	tick := time.NewTicker(p.step / time.Duration(p.files))
	defer tick.Stop()
	start, done := time.Now(), 0
	for i := 0; time.Since(start) < d; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		due := int(float64(p.rate) * time.Since(start).Seconds())
		if err := w.append(i%p.files, due-done); err != nil {
			return err
		}
		done = due
	}
	return nil
}

// append writes n lines to file i, stamped with the time of the write.
func (w *writer) append(i, n int) error {
	w.buf = w.buf[:0]
	now := time.Now()
	for range n {
		w.buf = w.from[i].AppendAt(w.buf, now)
	}
	w.lines += int64(n)
	_, err := w.files[i].Write(w.buf)
	return err
}
