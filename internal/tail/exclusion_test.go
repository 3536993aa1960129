package tail

import "testing"

func TestWhatIsExcludedIsNotReadAndNotLost(t *testing.T) { runScenario(t, "excluded") }

func TestWhatIsExcludedSinceTheAgentStoppedIsNotLost(t *testing.T) { runScenario(t, "excluded_down") }

func TestAClassChangesBetweenFrames(t *testing.T) { runScenario(t, "reclassified") }
