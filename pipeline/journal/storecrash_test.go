package journal

import (
	"context"
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// storeLife puts documents and settles some until the disk goes. It tells
// which documents were acknowledged, and what was settled for certain.
type storeLife struct {
	put, settled map[string]bool
	// trying are documents whose fate a crash leaves open.
	trying map[string]bool
	// tries is how often what the disk refuses is done again.
	tries int
}

func newStoreLife() *storeLife {
	return &storeLife{put: map[string]bool{}, settled: map[string]bool{}, trying: map[string]bool{}}
}

func (l *storeLife) try(do func() error) error {
	err := do()
	for n := 0; n < l.tries && err != nil; n++ {
		err = do()
	}
	return err
}

func (l *storeLife) run(fsys vfs.FS) error {
	var s *Store
	err := l.try(func() (err error) {
		s, err = OpenStore(StoreOptions{FS: fsys, Dir: "/dead", Quota: 1 << 20})
		return err
	})
	if err != nil {
		return err
	}
	for i := range 6 {
		a, b := fmt.Sprint("a", i), fmt.Sprint("b", i)
		l.trying[a], l.trying[b] = true, true
		put := func() error {
			return s.Put(context.Background(), []Refused{refused("one", 1, a), refused("one", 1, b)})
		}
		if err := l.try(put); err != nil {
			return err
		}
		l.put[a], l.put[b] = true, true
		delete(l.trying, a)
		delete(l.trying, b)
		if i%2 == 0 {
			if err := l.settle(s, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle delivers the first of a bundle's documents, or both.
func (l *storeLife) settle(s *Store, i int) error {
	bundle := s.Bundles("elasticsearch")[0]
	var docs []Refused
	err := l.try(func() (err error) { docs, err = s.Documents(bundle); return err })
	if err != nil {
		return err
	}
	n := min(len(docs), 1+i%4/2)
	for _, d := range docs[:n] {
		l.trying[text(d)] = true
	}
	settle := func() error {
		return s.Settle(bundle, docs[n:], Result{Delivered: uint64(2 * n), DeliveredDocs: uint64(n)})
	}
	if err := l.try(settle); err != nil {
		return err
	}
	for _, d := range docs[:n] {
		delete(l.trying, text(d))
		l.settled[text(d)] = true
	}
	return nil
}

func text(d Refused) string {
	var t string
	fmt.Sscanf(string(d.Document), `{"b" : %q}`, &t)
	return t
}

// judge compares the store with what was promised.
func (l *storeLife) judge(disk *crashfs.FS) error {
	s, err := OpenStore(StoreOptions{FS: disk, Dir: "/dead", Quota: 1 << 20})
	if err != nil {
		return err
	}
	found, delivered := map[string]bool{}, uint64(0)
	for _, b := range s.Bundles("elasticsearch") {
		docs, err := s.Documents(b)
		if err != nil {
			return err
		}
		for _, d := range docs {
			found[text(d)] = true
		}
	}
	for _, st := range s.Stats() {
		delivered = st.Result.DeliveredDocs
	}
	gone := uint64(0)
	for t := range l.put {
		switch {
		case !found[t] && !l.settled[t] && !l.trying[t]:
			return fmt.Errorf("%s was put, was not settled, and is gone", t)
		case found[t] && l.settled[t]:
			return fmt.Errorf("%s was settled and is there", t)
		case !found[t]:
			gone++
		}
	}
	if delivered != gone {
		return fmt.Errorf("%d documents count as delivered, and %d are gone", delivered, gone)
	}
	return nil
}

func TestStoreSurvivesACrashAtEveryOperation(t *testing.T) {
	for _, loss := range []crashfs.Loss{crashfs.LoseAll, crashfs.KeepHeads, crashfs.LoseNothing, crashfs.LoseSome} {
		for at := 1; at <= 150; at += stride {
			disk, n := crashfs.New(), 0
			l := newStoreLife()
			l.run(vfs.WithHook(disk, func(vfs.Op) error {
				if n++; n == at {
					disk.Kill()
				}
				return nil
			}))
			if err := l.judge(disk.Crash(loss, uint64(at))); err != nil {
				t.Fatalf("loss %d at operation %d: %v", loss, at, err)
			}
		}
	}
}
