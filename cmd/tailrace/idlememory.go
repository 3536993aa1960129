package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// idleMemory gives memory that a burst needed, such as the first look at ten
// thousand files, back to the node. The runtime keeps about as much as it
// needed last, and an idle agent would not notice for minutes.
type idleMemory struct {
	// allocated is how many bytes were ever allocated.
	allocated func() uint64
	release   func()

	// last is what was allocated at the last look, released when memory was
	// given back.
	last, released uint64
}

const (
	// idleLook is how often is looked, idleMost how much is allocated between
	// two looks while there is little to do: a collection in between would
	// only cost time under load.
	idleLook = 30 * time.Second
	idleMost = 16 << 20
	// idleWorth is how much must have been allocated since memory was given
	// back to do it again.
	idleWorth = 2 << 20
)

func newIdleMemory() *idleMemory {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	return &idleMemory{release: debug.FreeOSMemory, allocated: func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}}
}

func (m *idleMemory) run(ctx context.Context) {
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.look()
		}
	}
}

func (m *idleMemory) look() {
	n := m.allocated()
	idle := n-m.last <= idleMost
	m.last = n
	if idle && n-m.released >= idleWorth {
		m.release()
		m.released = m.allocated()
	}
}
