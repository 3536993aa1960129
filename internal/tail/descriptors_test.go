package tail

import "testing"

func TestDescriptors(t *testing.T) {
	runScenario(t, "descriptors")
}

func TestTruncatedAndDeletedWithoutADescriptor(t *testing.T) { runScenario(t, "descriptors_truncated") }

func TestDescriptorsOfEmptyFiles(t *testing.T) { runScenario(t, "descriptors_empty") }

func TestLogThatIsCompressedWithoutADescriptor(t *testing.T) {
	runScenario(t, "descriptors_compressed")
}
