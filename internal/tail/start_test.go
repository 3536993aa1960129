package tail

import "testing"

func TestStartAtEnd(t *testing.T) { runScenario(t, "start_end") }

func TestStartSince(t *testing.T) { runScenario(t, "start_since") }
