package tail

import "testing"

func TestUnlinked(t *testing.T) { runScenario(t, "unlinked") }

func TestUnlinkedBudget(t *testing.T) { runScenario(t, "unlinked_budget") }

func TestUnlinkedUnknown(t *testing.T) { runScenario(t, "unlinked_unknown") }

func TestTruncatedThenCompressedAndGivenUp(t *testing.T) { runScenario(t, "unlinked_truncated") }

func TestVanished(t *testing.T) { runScenario(t, "vanished") }

func TestRecordOfADeletedLogThatIsGivenUpEnds(t *testing.T) { runScenario(t, "unlinked_open") }

func TestLogThatIsDeletedWhenItIsClosed(t *testing.T) { runScenario(t, "closed_deleted") }
