package parse

import (
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestCorporaAllocateNothing parses each corpus as its own format, and a layout
// that a user gave, until all memory has grown.
func TestCorporaAllocateNothing(t *testing.T) {
	given := event.Settings{LogFormat: ingressHead + `[$proxy_alternative_upstream_name] ` + ingressTail}
	for _, c := range readCorpora(t) {
		allocatesNothing(t, c.name, event.Settings{Format: c.format}, c.lines)
		if c.format == "ingress-nginx" {
			allocatesNothing(t, c.name+" by a layout", given, c.lines)
		}
	}
}

func allocatesNothing(t *testing.T, name string, settings event.Settings, lines [][]byte) {
	t.Helper()
	src := &event.Source{Container: name, Settings: settings}
	b := batchOf(src, lines...)
	fresh, data := append([]event.Record(nil), b.Records...), len(b.Data)
	p := New(Options{})
	run := func() {
		refill(b, fresh, data)
		p.Process(b)
	}
	run()
	if n := testing.AllocsPerRun(5, run); n != 0 {
		t.Errorf("%s: %v allocations per run", name, n)
	}
}
