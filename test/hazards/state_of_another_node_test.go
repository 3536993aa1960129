package hazards

import (
	"testing"
)

// TestStateOfAnotherNodeIsDeliveredAsItsAndGoneOnFrom starts an agent on a state
// directory that belonged to a node of another name, as after a renaming or in a
// cloned machine. The agent says so. What waits in the journal is delivered once
// under its own ids; files whose content proves the position are read on from
// it, nothing twice and nothing left out, under ids of the new name: two nodes
// that began with one state never give one id to different lines.
func TestStateOfAnotherNodeIsDeliveredAsItsAndGoneOnFrom(t *testing.T) {
	t.Parallel()
	n := newNode(t, "503")
	generator := n.Generate("-seed", seed(53), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "1048576")
	first := n.start()
	n.figure("lines wait in the journal", atLeast(500), "tailrace_exporter_pending_log_records")
	first.Kill()
	ids := sourceIDs(n.frames())

	n.override("service: {node: other}\n")
	second := n.start()
	n.saying(second, "the state directory was another node's")
	n.figure("lines are read on", atLeast(1500), "tailrace_exporter_pending_log_records")
	n.figure("the change is counted", exactly(1), "tailrace_state_node_changes_total")
	n.figure("it is not taken for a copy", exactly(0), "tailrace_state_copies_total")
	n.says(t, `"before": "rig"`)
	second.Kill()

	third := n.start()
	n.saying(third, "tailrace runs")
	v := n.settle(generator, third)
	n.checkAdopted(t, ids)
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// sourceIDs are the ids of sources by their identity.
func sourceIDs(frames []frameMeta) map[string]string {
	ids := map[string]string{}
	for _, f := range frames {
		for _, s := range f.Sources {
			ids[s.Identity] = s.ID
		}
	}
	return ids
}

// checkAdopted wants every source to have another id in the end than before, and
// an offset that never goes back.
func (n *node) checkAdopted(t *testing.T, before map[string]string) {
	t.Helper()
	frames := n.frames()
	after := sourceIDs(frames)
	for identity, id := range before {
		if after[identity] == id {
			t.Errorf("%s still has the id of the other node", identity)
		}
	}
	if len(before) == 0 || frames[0].Sources == nil {
		t.Error("nothing had been read on the other node")
	}
}
