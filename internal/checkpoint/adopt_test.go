package checkpoint

import (
	"testing"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// on is meta with the id that its content has on a node.
func on(node string, seq uint64, n uint32, offset int64) *frame.Meta {
	m := meta(seq, n, offset)
	m.JournalTime = int64(seq)
	m.Sources[0].ID = m.Sources[0].Identity.IDOn(node)
	return m
}

// Positions of another node hold, under this node's ids; also when the process
// died after its first frames under them and before the positions were saved.
func TestPositionsOfAnotherNodeAreAdopted(t *testing.T) {
	fsys := crashfs.New()
	s := open(t, fsys)
	s.Apply(on("a", 1, 7, 100))
	s.Apply(on("a", 2, 8, 200))
	save(t, s)
	for life, want := range []int64{100, 150, 150} {
		s = open(t, fsys)
		if life > 0 {
			s.Apply(on("b", 3, 7, 150))
		}
		if got := s.Adopt("b"); got != 2 {
			t.Errorf("life %d: %d positions adopted", life, got)
		}
		found := s.Find("ns_pod_uid/c/7")
		if len(found) != 1 || found[0].ID != found[0].Identity.IDOn("b") || found[0].Offset != want {
			t.Errorf("life %d: %+v", life, found)
		}
		if all := s.All(); len(all) != 2 || s.Total().Lines != 4+2*uint64(min(life, 1)) {
			t.Errorf("life %d: %d entries, %d lines", life, len(all), s.Total().Lines)
		}
	}
	save(t, s)
	if got := open(t, fsys).Adopt("b"); got != 0 {
		t.Errorf("after saving: %d positions adopted", got)
	}
}
