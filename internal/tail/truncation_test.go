package tail

import "testing"

func TestTruncation(t *testing.T) { runScenario(t, "truncation") }

func TestTruncatedAndRegrown(t *testing.T) { runScenario(t, "truncation_regrown") }

func TestTruncatedAndRegrownToItsOldSize(t *testing.T) { runScenario(t, "truncation_equal") }

func TestTruncatedAndRegrownToWhereItWasReadTo(t *testing.T) { runScenario(t, "truncation_beyond") }

func TestTimesOfFilesMoveNoPosition(t *testing.T) { runScenario(t, "modified") }

func TestTruncatedToItsMiddle(t *testing.T) { runScenario(t, "truncation_middle") }

func TestTouchedWhileARecordGoesOn(t *testing.T) { runScenario(t, "modified_open") }

func TestTruncatedWithOpenRecord(t *testing.T) { runScenario(t, "truncation_open") }
