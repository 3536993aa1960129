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

// secondLines is how many times as many lines as for W1 are sent: what starting
// and ending an exporter costs, once in the agent's life, does not count then.
const secondLines = 4

// secondLimit is how much more CPU time a second exporter may cost.
const secondLimit = 0.10

// second measures what a second exporter of the same frames costs on the lines
// of W1. Both ways take turns, so that a noisy machine disturbs both.
func second(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	lines := secondLines * l.sizes().agent
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	if err := corpus.Number(0).Write(filepath.Join(dir, "pods"), corpus.New(corpus.SlogJSON, 1, time.Now().Add(-time.Hour)), lines); err != nil {
		return err
	}
	var one, two []outcome
	for range l.rounds {
		a, err := l.shipped(ctx, dir, lines, eachSecond(l.url))
		if err != nil {
			return err
		}
		b, err := l.shipped(ctx, dir, lines, eachSecond(l.url), eachSecond(l.url))
		if err != nil {
			return err
		}
		one, two = append(one, a), append(two, b)
	}
	more := ratio(one, two) - 1
	fmt.Printf("%s cpu_us_per_100k_docs=%d with_second=%d more_percent=%.1f rss_mib=%.1f/%.1f\n", name,
		perHundredThousand(median(one)).Microseconds(), perHundredThousand(median(two)).Microseconds(), 100*more,
		float64(median(one).rss)/(1<<20), float64(median(two).rss)/(1<<20))
	if more > secondLimit {
		return fmt.Errorf("a second exporter costs %.1f %% more CPU time, which may be %.0f %%", 100*more, 100*secondLimit)
	}
	return nil
}

func perHundredThousand(o outcome) time.Duration {
	return time.Duration(float64(o.cpu) * 100_000 / float64(o.lines))
}

// shipped is a round in which each line goes to each of some exporters.
func (l *lab) shipped(ctx context.Context, dir string, lines int, exporters ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	if _, err := sink.Read(l.url, true); err != nil {
		return outcome{}, err
	}
	a, err := l.startWith(ctx, dir, deliverTo(exporters...))
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(a.journal)
	want := int64(lines * len(exporters))
	c, err := l.delivered(ctx, a, want)
	cpu, rss, stopErr := a.stop()
	if err := errors.Join(err, stopErr); err != nil {
		return outcome{}, err
	}
	if c.Docs != want {
		return outcome{}, fmt.Errorf("%d documents arrived, want %d", c.Docs, want)
	}
	return outcome{lines: lines, cpu: cpu, rss: rss}, nil
}
