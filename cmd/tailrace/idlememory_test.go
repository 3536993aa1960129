package main

import "testing"

// Memory is given back when a burst is over, once, and not under load.
func TestMemoryIsGivenBackAfterABurst(t *testing.T) {
	var allocated uint64
	releases := 0
	m := &idleMemory{allocated: func() uint64 { return allocated }, release: func() { releases++ }}
	for _, step := range []struct {
		name string
		add  uint64
		want int
	}{
		{"at the start", 200 << 20, 0},
		{"still at work", idleMost + 1, 0},
		{"at rest", 1 << 10, 1},
		{"still at rest", idleWorth - 1, 1},
		{"when garbage has gathered", idleWorth, 2},
		{"under load", 1 << 30, 2},
	} {
		allocated += step.add
		if m.look(); releases != step.want {
			t.Fatalf("%s: given back %d times, want %d", step.name, releases, step.want)
		}
	}
	if n := newIdleMemory().allocated(); n == 0 {
		t.Error("the runtime does not say how much was allocated")
	}
}
