package tail

import "testing"

func TestDescriptors(t *testing.T) {
	runScenario(t, "descriptors")
}

func TestDescriptorsOfEmptyFiles(t *testing.T) { runScenario(t, "descriptors_empty") }
