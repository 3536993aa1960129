package torture

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/tailrace/tailrace/test/oracle"
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
			r.overwrite(checkpoint, r.oldCheckpoint)
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

// overwrite replaces what a file has, durably: the power may fail after it.
func (r *round) overwrite(name string, content []byte) {
	r.TB.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		r.TB.Error(err)
		return
	}
	_, err = f.WriteAt(content, 0)
	r.must(errors.Join(err, f.Truncate(int64(len(content))), f.Sync(), f.Close()))
}

// flipNewer flips a bit in the newer of the two values of a slot file, and says
// how many were damaged. Without an older one nothing would be left.
func (r *round) flipNewer(name string) int {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	newer, older := oracle.Slots(b)
	if older.Len() == 0 {
		return 0
	}
	b[newer.From+r.rand.IntN(newer.Len())] ^= 1 << r.rand.IntN(8)
	r.overwrite(name, b)
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
