package tail

import "testing"

func TestUnfinishedLine(t *testing.T) { runScenario(t, "unfinished_line") }

func TestUnfinishedFirstLine(t *testing.T) { runScenario(t, "unfinished_first_line") }

func TestUnfinishedPiece(t *testing.T) { runScenario(t, "unfinished_piece") }

func TestUnfinishedFinal(t *testing.T) { runScenario(t, "unfinished_final") }
