package tail

import "testing"

func TestSameBeginning(t *testing.T) { runScenario(t, "same_beginning") }

func TestMaybeSeen(t *testing.T)       { runScenario(t, "maybe_seen") }
func TestMaybeSeenBehind(t *testing.T) { runScenario(t, "maybe_seen_behind") }
