package tail

import "testing"

func TestTruncation(t *testing.T) { runScenario(t, "truncation") }

func TestTruncatedAndRegrown(t *testing.T) { runScenario(t, "truncation_regrown") }

func TestTruncatedWithOpenRecord(t *testing.T) { runScenario(t, "truncation_open") }
