package tail

import "testing"

func TestRotation(t *testing.T) { runScenario(t, "rotation") }
