package tail

import "testing"

func TestDocker(t *testing.T) { runScenario(t, "docker") }

func TestLongDockerRecord(t *testing.T) { runScenario(t, "docker_long") }
