package tail

import "testing"

func TestCRI(t *testing.T) { runScenario(t, "cri") }
