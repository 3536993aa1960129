package tail

import "testing"

func TestDescriptors(t *testing.T) {
	runScenario(t, "descriptors")
}
