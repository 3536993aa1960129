package tail

import "testing"

func TestCopyAndTruncate(t *testing.T) { runScenario(t, "copytruncate") }

func TestCopyWithoutTruncation(t *testing.T) { runScenario(t, "copytruncate_copy") }

func TestCopyIsCompressed(t *testing.T) { runScenario(t, "copytruncate_gzip") }
