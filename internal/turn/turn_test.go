package turn

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tailrace/tailrace/internal/vfs"
)

func TestFewHaveTheirTurnAtATime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first, second, third := New(vfs.OS{}, dir, 2), New(vfs.OS{}, dir, 2), New(vfs.OS{}, dir, 2)
		unexpected := func() { t.Error("it has to wait") }
		for _, x := range []*Turn{first, second, first} {
			if err := x.Take(t.Context(), unexpected); err != nil {
				t.Fatal(err)
			}
		}
		waits, taken := false, make(chan error, 1)
		go func() { taken <- third.Take(t.Context(), func() { waits = true }) }()
		synctest.Wait()
		if !waits || len(taken) > 0 {
			t.Fatal("a third has its turn beside two")
		}
		second.Release()
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := second.Take(ctx, func() {}); err == nil {
			t.Error("who leaves goes on waiting")
		}
		first.Release()
		third.Release()
	})
}

// TestWithoutAPlaceForLocksNobodyWaits: a search is useful without a turn.
func TestWithoutAPlaceForLocksNobodyWaits(t *testing.T) {
	for range 3 {
		x := New(vfs.OS{}, "/nowhere", 2)
		if err := x.Take(t.Context(), func() { t.Error("it waits") }); err != nil {
			t.Error(err)
		}
		x.Release()
	}
}
