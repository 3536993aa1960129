package tail

import "testing"

func TestLongLine(t *testing.T) { runScenario(t, "long_line") }

func TestLongJoinedRecord(t *testing.T) { runScenario(t, "long_joined") }

func TestUnfinishedRecordsShareMemory(t *testing.T) { runScenario(t, "long_open") }
