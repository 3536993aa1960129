package tail

import "testing"

func TestDamagedFrameIsReadAgain(t *testing.T) { runScenario(t, "again") }

func TestDamagedFrameOfUnfinishedRecordsIsReadAgain(t *testing.T) { runScenario(t, "again_open") }

func TestDamagedFrameOfAClosedFileIsReadAgain(t *testing.T) { runScenario(t, "again_closed") }

func TestDamagedFrameOfALongLineIsReadAgain(t *testing.T) { runScenario(t, "again_long_line") }

func TestReplacedFileIsNotReadAgain(t *testing.T) { runScenario(t, "again_replaced") }
