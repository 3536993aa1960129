package tail

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// A file with much to read does not keep the others waiting for longer than a
// turn.
func TestFilesTakeTurns(t *testing.T) {
	w := newWorld(t)
	w.decoder, w.opts.Budget = Plain, 4096
	w.write("loud.log", strings.Repeat("a line of the loud one\n", 10_000))
	w.write("shy.log", "one line\n")
	w.write("still.log", "one line\n")
	w.look()
	l := w.agent().Lane(0)
	waiting := map[string]bool{"shy": true, "still": true}
	var b event.Batch
	for turn := 1; len(waiting) > 0; turn++ {
		if turn > 3 || !l.Read(&b) {
			t.Fatalf("still waiting after three turns: %v", waiting)
		}
		delete(waiting, b.Source.Identity.Path)
	}
}

// A turn is bounded in bytes, and in records where lines are very short.
func TestTurnsAreBounded(t *testing.T) {
	for name, content := range map[string]string{
		"long lines":  strings.Repeat(strings.Repeat("x", 1000)+"\n", 1000),
		"empty lines": strings.Repeat("\n", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.decoder = Plain
			w.write("a.log", content)
			w.look()
			l := w.agent().Lane(0)
			var b event.Batch
			records := 0
			for l.Read(&b) {
				records += len(b.Records)
				if n := len(b.Records); n > maxRecords || len(b.Data) > w.engine.opts.Budget+tailSize {
					t.Fatalf("a batch of %d records and %d bytes", n, len(b.Data))
				}
			}
			if want := strings.Count(content, "\n"); records != want {
				t.Errorf("read %d lines, want %d", records, want)
			}
		})
	}
}
