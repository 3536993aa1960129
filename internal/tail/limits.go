package tail

import (
	"fmt"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tailrace/tailrace/internal/tail/throttle"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Limits are how many bytes a second are read. They delay and drop nothing:
// what is not read stays in its file, and is lost and counted as ever if that
// is deleted first. 0 is no limit.
type Limits struct {
	// Pod is for all files of a pod together, Namespace for those of a
	// namespace, Namespaces for those of the named ones instead. Files that are
	// no containers' have the limit of a pod, each with what was rotated away
	// from it.
	Pod, Namespace int64
	Namespaces     map[string]int64
	// Burst is for how long a limit may be saved up: after a time without
	// reading, so much is read at once.
	Burst time.Duration
}

// DefaultBurst is the Burst of Limits that have none.
const DefaultBurst = time.Second

func (l *Limits) any() bool {
	if l.Pod > 0 || l.Namespace > 0 {
		return true
	}
	for _, rate := range l.Namespaces {
		if rate > 0 {
			return true
		}
	}
	return false
}

func (l *Limits) ofNamespace(name string) int64 {
	if rate, ok := l.Namespaces[name]; ok {
		return rate
	}
	return l.Namespace
}

// limiter keeps the limits for all lanes.
type limiter struct {
	limits Limits

	mu      sync.Mutex
	buckets map[party]*throttle.Bucket
	// sweepAt is how many buckets there may be before full ones are dropped.
	sweepAt int
	// delayed is for how long files had something to read and were held, by
	// namespace, ns.
	delayed map[string]int64
}

// party has a limit of its own: a pod, a file that is no container's (its name
// in place of the pod's, and no namespace), or a namespace (no pod).
type party struct{ namespace, pod string }

const firstSweep = 256

// newLimiter returns nil when nothing is limited.
func newLimiter(l Limits) *limiter {
	if !l.any() {
		return nil
	}
	l.Burst = orDefault(l.Burst, DefaultBurst)
	return &limiter{limits: l, buckets: make(map[party]*throttle.Bucket), sweepAt: firstSweep, delayed: make(map[string]int64)}
}

// parties are those whose limits a source is under, with their rates.
func (m *limiter) parties(src *event.Source) (all [2]party, rates [2]int64) {
	all[0], rates[0] = party{src.Namespace, src.Pod}, m.limits.Pod
	if src.Namespace == "" {
		all[0].pod = src.Container
		return all, rates
	}
	all[1], rates[1] = party{namespace: src.Namespace}, m.limits.ofNamespace(src.Namespace)
	return all, rates
}

// turnTime is how much of a limit one turn takes, at most: files under the
// same limit then take turns often enough.
const turnTime = time.Second / 8

// smallestTurn keeps turns from being smaller than most lines.
const smallestTurn = 4 << 10

// share is how much of src may be read in a turn of at most budget bytes.
func (m *limiter) share(src *event.Source, budget int) int {
	_, rates := m.parties(src)
	for _, rate := range rates {
		if rate > 0 {
			budget = min(budget, max(smallestTurn, int(rate/int64(time.Second/turnTime))))
		}
	}
	return budget
}

// reserve asks for n bytes of src. They may be read at a time, until when the
// limit that is named holds them.
func (m *limiter) reserve(src *event.Source, n, now int64) (at int64, limit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, rates := m.parties(src)
	which := 0
	for i, rate := range rates {
		if rate == 0 {
			continue
		}
		if start := m.bucket(all[i], rate, now).Reserve(n, now); start > at {
			at, which = start, i
		}
	}
	if at <= now {
		return at, ""
	}
	return at, m.describe(all[which], rates[which])
}

// describe names the limit of a party as the configuration does.
func (m *limiter) describe(p party, rate int64) string {
	what, key := "this file", "pod"
	_, named := m.limits.Namespaces[p.namespace]
	switch {
	case p.namespace != "" && p.pod != "":
		what = "this pod"
	case named:
		what, key = "namespace "+p.namespace, "namespaces."+p.namespace
	case p.namespace != "":
		what, key = "namespace "+p.namespace, "namespace"
	}
	return fmt.Sprintf("%s may be read at %s/s (service.limits.%s)", what, humanize.IBytes(uint64(rate)), key)
}

// add charges n bytes of src beside those that were reserved.
func (m *limiter) add(src *event.Source, n, now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, rates := m.parties(src)
	for i, rate := range rates {
		if rate > 0 {
			m.bucket(all[i], rate, now).Add(n)
		}
	}
}

func (m *limiter) bucket(p party, rate, now int64) *throttle.Bucket {
	b := m.buckets[p]
	if b == nil {
		m.sweep(now)
		b = throttle.NewBucket(rate, m.limits.Burst, now)
		m.buckets[p] = b
	}
	return b
}

// sweep drops full buckets now and then: those of pods that are gone.
func (m *limiter) sweep(now int64) {
	if len(m.buckets) < m.sweepAt {
		return
	}
	for p, b := range m.buckets {
		if b.IsFull(now) {
			delete(m.buckets, p)
		}
	}
	m.sweepAt = max(firstSweep, 2*len(m.buckets))
}

func (m *limiter) count(namespace string, held int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delayed[namespace] += held
}

// Delayed is for how long files had something to read that a limit held, by
// namespace.
func (e *Engine) Delayed() map[string]time.Duration {
	if e.limiter == nil {
		return nil
	}
	e.limiter.mu.Lock()
	defer e.limiter.mu.Unlock()
	all := make(map[string]time.Duration, len(e.limiter.delayed))
	for name, ns := range e.limiter.delayed {
		all[name] = time.Duration(ns)
	}
	return all
}
