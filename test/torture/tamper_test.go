package torture

import (
	"encoding/binary"
	"os"
	"path/filepath"
)

// tamper damages, while no agent runs, what a start must do without.
func (r *round) tamper() {
	checkpoint := r.Path("state", "checkpoint", "sources.slot")
	switch r.rand.IntN(12) {
	case 0:
		r.fired("checkpoint-damaged", r.flipNewer(checkpoint))
	case 1:
		r.fired("cursor-damaged", r.flipNewer(r.Path("state", "logs", "cursors", "elasticsearch.slot")))
	case 2:
		r.fired("indexes-removed", r.removeIndexes())
	case 3:
		r.oldCheckpoint, _ = os.ReadFile(checkpoint)
	case 4:
		if r.oldCheckpoint != nil {
			r.must(os.WriteFile(checkpoint, r.oldCheckpoint, 0o644))
			r.fired("old-checkpoint-restored", 1)
		}
	}
}

func (r *round) must(err error) {
	r.TB.Helper()
	if err != nil {
		r.TB.Error(err)
	}
}

// flipNewer flips a bit in the newer of the two generations of a slot file, as
// docs/journal-format.md has them, and says how many were damaged.
func (r *round) flipNewer(name string) int {
	b, err := os.ReadFile(name)
	if err != nil || len(b) < 64 {
		return 0
	}
	const generation, length, payload = 8, 16, 24
	half := len(b) / 2
	slot := b[:half]
	if other := b[half:]; binary.LittleEndian.Uint64(other[generation:]) > binary.LittleEndian.Uint64(slot[generation:]) {
		slot = other
	}
	used := payload + int(binary.LittleEndian.Uint32(slot[length:]))
	if used > len(slot) || binary.LittleEndian.Uint64(b[generation:]) == 0 || binary.LittleEndian.Uint64(b[half+generation:]) == 0 {
		// There is only one generation: without it nothing would be left.
		return 0
	}
	slot[r.rand.IntN(used)] ^= 1 << r.rand.IntN(8)
	r.must(os.WriteFile(name, b, 0o644))
	return 1
}

func (r *round) removeIndexes() int {
	names, err := filepath.Glob(r.Path("state", "logs", "*.idx"))
	r.must(err)
	for _, name := range names {
		r.must(os.Remove(name))
	}
	return len(names)
}
