package tail

import "testing"

func TestCopyAndTruncate(t *testing.T) { runScenario(t, "copytruncate") }

func TestCopyWithoutTruncation(t *testing.T) { runScenario(t, "copytruncate_copy") }

func TestCopiedAndTruncatedTwiceBetweenLooks(t *testing.T) { runScenario(t, "copytruncate_twice") }

func TestCopiedAndTruncatedTwiceOfTheLiveLog(t *testing.T) { runScenario(t, "copytruncate_only_live") }

func TestCopiedAndRenamedBetweenLooks(t *testing.T) { runScenario(t, "copytruncate_rename") }

func TestCopyIsCompressed(t *testing.T) { runScenario(t, "copytruncate_gzip") }
