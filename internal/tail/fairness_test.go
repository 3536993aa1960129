package tail

import (
	"fmt"
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

// However many files have much to read, one that gets a line has it read in
// the next turn.
func TestQuietFilesNeedNotWaitForAllLoudOnes(t *testing.T) {
	w := newWorld(t)
	w.decoder, w.opts.Budget = Plain, 4096
	for i := range 50 {
		w.write(fmt.Sprintf("loud%d.log", i), strings.Repeat("a line of a loud one\n", 10_000))
	}
	w.write("shy.log", "one line\n")
	w.look()
	l := w.agent().Lane(0)
	var b event.Batch
	for range 20 {
		// Two rounds, after which the quiet one was found to have nothing.
		for range 2 * 51 {
			l.Read(&b)
		}
		w.write("shy.log", "another line\n")
		w.look()
		if !l.Read(&b) || b.Source.Identity.Path != "shy" {
			t.Fatalf("the turn after the line is one of %s", b.Source.Identity.Path)
		}
	}
}

// Files with little to read, though there are many and all the time, leave
// turns to those with much.
func TestLoudFilesAreNotKeptOut(t *testing.T) {
	w := newWorld(t)
	w.decoder, w.opts.Budget = Plain, 4096
	w.write("loud.log", strings.Repeat("a line of the loud one\n", 10_000))
	const shy = 20
	grow := func() {
		for i := range shy {
			w.write(fmt.Sprintf("shy%d.log", i), "one line\n")
		}
		w.look()
	}
	grow()
	l := w.agent().Lane(0)
	var b event.Batch
	loud := 0
	for turn := range 10 * shy {
		if !l.Read(&b) {
			t.Fatal("the loud file cannot be at its end")
		}
		if b.Source.Identity.Path == "loud" {
			loud++
		}
		if turn%(shy/2) == 0 {
			grow()
		}
	}
	if loud < 5 {
		t.Errorf("the loud file had %d of %d turns", loud, 10*shy)
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
