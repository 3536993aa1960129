package telemetry

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Watchdog knows whether the agent's own goroutines make progress. Waiting
// for a backend is progress: only a goroutine that is stuck in itself makes
// the agent unhealthy, since restarting helps against nothing else.
type Watchdog struct {
	mu     sync.Mutex
	pulses []*Pulse
}

// Pulse is one goroutine's sign of life.
type Pulse struct {
	name  string
	limit time.Duration
	begun time.Time
	// last is how long after begun the last Beat was, ns: elapsed time, which
	// no setting of the system's clock changes.
	last atomic.Int64
}

// Watch begins to expect a Beat at least every limit.
func (w *Watchdog) Watch(name string, limit time.Duration) *Pulse {
	p := &Pulse{name: name, limit: limit, begun: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pulses = append(w.pulses, p)
	return p
}

// Beat says that the goroutine is alive.
func (p *Pulse) Beat() { p.last.Store(int64(time.Since(p.begun))) }

// Rest says that the goroutine waits for something outside itself, or has
// ended: no Beat is expected before the next one comes.
func (p *Pulse) Rest() { p.last.Store(resting) }

// resting is later than every Beat.
const resting = math.MaxInt64

// Alive is nil, or says which goroutine is stuck and for how long.
func (w *Watchdog) Alive() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pulses {
		last := p.last.Load()
		if silent := time.Since(p.begun) - time.Duration(last); last != resting && silent > p.limit {
			return fmt.Errorf("%s has made no progress for %s", p.name, silent.Round(time.Second))
		}
	}
	return nil
}
