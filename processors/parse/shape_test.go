package parse

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestTheLookAtALineLeavesOutNoFormatThatFits tries the formats that detection
// does not, with lines of all formats and of none, as they are and with bytes
// of their beginning changed.
func TestTheLookAtALineLeavesOutNoFormatThatFits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	n := &negative{random}
	for _, c := range readCorpora(t) {
		for _, line := range c.lines {
			leavesOutNone(t, c.source("c"), line)
			for range 20 {
				leavesOutNone(t, c.source("c"), mutated(random, line))
			}
			leavesOutNone(t, c.source("c"), []byte(n.line()))
		}
	}
	for i := range formats {
		for range 100 {
			leavesOutNone(t, &event.Source{Container: "c"}, mutated(random, []byte(formats[i].example)))
		}
	}
}

// leavesOutNone tries a line with the formats of its first byte that the look
// at it leaves out.
func leavesOutNone(t *testing.T, src *event.Source, text []byte) {
	t.Helper()
	if len(text) == 0 {
		return
	}
	p, b := New(Options{}), batchOf(src, text)
	l := &p.line
	l.b, l.src = b, p.sourceOf(src)
	l.start(&b.Records[0])
	left := detectable.byHead[text[0]] &^ detectable.of(l)
	for i := range formats {
		if left>>i&1 != 0 && l.try(uint8(i), false) {
			t.Errorf("%s is not tried for %q", formats[i].name, text)
		}
	}
}

// mutated is a line with one byte of its first ones changed, left out or added.
func mutated(random *rand.Rand, line []byte) []byte {
	const signs = "0123456789-/:.,[]{}<>\"= \tTZIWE"
	at := random.IntN(min(len(line), 40) + 1)
	by := []byte{signs[random.IntN(len(signs))]}
	end := min(at+random.IntN(2), len(line))
	if random.IntN(3) == 0 {
		by = nil
	}
	return bytes.Join([][]byte{line[:at], by, line[end:]}, nil)
}
