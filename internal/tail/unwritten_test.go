package tail

import "testing"

func TestUnwrittenSpaceIsNoContent(t *testing.T) { runScenario(t, "unwritten") }

func TestShrunkFile(t *testing.T) { runScenario(t, "shrunk") }
