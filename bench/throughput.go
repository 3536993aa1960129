package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/sink"
)

// sizes are how many lines each program gets: enough for a second or more, so
// that starting does not count.
type sizes struct{ agent, limit, std int }

func (l *lab) sizes() sizes {
	if l.short {
		return sizes{300_000, 300_000, 40_000}
	}
	return sizes{500_000, 500_000, 60_000}
}

// outcomes are the rounds of the three programs.
type outcomes struct{ agent, limit, std []outcome }

// throughput measures how many lines of a kind a second of CPU time takes.
// The programs take turns, so that a noisy machine disturbs all of them.
func throughput(ctx context.Context, l *lab, name string, kind corpus.Kind) error {
	n := l.sizes()
	logs := filepath.Join(l.dir, name, "pods")
	pod := corpus.Number(0)
	g := corpus.New(kind, 1, time.Now().Add(-time.Hour))
	if err := pod.Write(logs, g, max(n.agent, n.limit)); err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Join(l.dir, name))
	var all outcomes
	for range l.rounds {
		if err := l.round(ctx, &all, kind, pod.Path(logs), n); err != nil {
			return err
		}
	}
	return all.report(name)
}

func (l *lab) round(ctx context.Context, all *outcomes, kind corpus.Kind, path string, n sizes) error {
	std, err := l.reference(ctx, "ref-std", kind, path, n.std)
	if err != nil {
		return err
	}
	limit, err := l.reference(ctx, "ref-limit", kind, path, n.limit)
	if err != nil {
		return err
	}
	all.std, all.limit = append(all.std, std), append(all.limit, limit)
	if l.own {
		return nil
	}
	a, err := l.agentRound(ctx, filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(path)))), n.agent)
	all.agent = append(all.agent, a)
	return err
}

func (l *lab) reference(ctx context.Context, role string, kind corpus.Kind, path string, lines int) (outcome, error) {
	if _, err := sink.Read(l.url, true); err != nil {
		return outcome{}, err
	}
	cpu, err := l.child(ctx, role, "-kind", string(kind), "-path", path, "-url", l.url, "-lines", strconv.Itoa(lines))
	if err != nil {
		return outcome{}, err
	}
	c, err := sink.Read(l.url, true)
	if err == nil && c.Docs != int64(lines) {
		err = fmt.Errorf("%s sent %d documents of %d lines", role, c.Docs, lines)
	}
	return outcome{lines: lines, cpu: cpu, plain: c.Plain, pack: c.Packed}, err
}

// agentTimeout is how long a round may take on a busy machine.
const agentTimeout = 3 * time.Minute

func (l *lab) agentRound(ctx context.Context, dir string, lines int) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	if _, err := sink.Read(l.url, true); err != nil {
		return outcome{}, err
	}
	a, err := l.start(ctx, dir)
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(a.journal)
	c, err := l.delivered(ctx, a, int64(lines))
	cpu, rss, stopErr := a.stop()
	if err := errors.Join(err, stopErr); err != nil {
		return outcome{}, err
	}
	if c.Docs != int64(lines) {
		return outcome{}, fmt.Errorf("the agent delivered %d documents of %d lines", c.Docs, lines)
	}
	return outcome{lines: lines, cpu: cpu, rss: rss, plain: c.Plain, pack: c.Packed}, nil
}

// Where ref-limit / ref-std must lie: outside, a yardstick is broken (one does
// too much, or does not do its work), and the ratios mean nothing.
const lowestSpread, highestSpread = 7, 14

func (o *outcomes) report(name string) error {
	std, limit := median(o.std), median(o.limit)
	spread := ratio(o.limit, o.std)
	fmt.Printf("%s-yardsticks ref_std=%.0f ref_limit=%.0f ref_limit/ref_std=%.1f bytes_per_doc=%d/%d packed_per_doc=%d/%d\n",
		name, std.perSecond(), limit.perSecond(), spread, std.plain/int64(std.lines), limit.plain/int64(limit.lines),
		std.pack/int64(std.lines), limit.pack/int64(limit.lines))
	if len(o.agent) > 0 {
		a := median(o.agent)
		fmt.Printf("%s lines_per_cpu_s=%.0f x_ref_std=%.1f x_ref_limit=%.2f rss_mib=%.1f bytes_per_doc=%d packed_per_doc=%d\n",
			name, a.perSecond(), ratio(o.agent, o.std), ratio(o.agent, o.limit),
			float64(a.rss)/(1<<20), a.plain/int64(a.lines), a.pack/int64(a.lines))
		if !sameSize(a, limit) {
			return errors.New("the agent's documents are not as long as the yardsticks': the ratios compare documents, not work")
		}
	}
	if spread < lowestSpread || spread > highestSpread {
		return fmt.Errorf("ref-limit is %.1f times ref-std, which must be %d to %d times: the yardsticks are wrong or the machine is too busy", spread, lowestSpread, highestSpread)
	}
	return nil
}

// ratio is the median of how much faster a was than b in the same round: on a
// machine whose speed changes, neighbours in time compare best.
func ratio(a, b []outcome) float64 {
	var ratios []float64
	for i := range a {
		ratios = append(ratios, a[i].perSecond()/b[i].perSecond())
	}
	slices.Sort(ratios)
	return ratios[(len(ratios)-1)/2]
}

// sameSize compares bytes per document, to one in a hundred.
func sameSize(a, b outcome) bool {
	ratio := float64(a.plain) / float64(a.lines) / (float64(b.plain) / float64(b.lines))
	return ratio > 0.99 && ratio < 1.01
}

// median is the run of median speed, of the slower two when even.
func median(runs []outcome) outcome {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b outcome) int {
		return cmp.Compare(a.perSecond(), b.perSecond())
	})
	return sorted[(len(sorted)-1)/2]
}
