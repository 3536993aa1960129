package corpus

import (
	"bytes"
	"testing"
	"time"
)

var first = time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)

func TestLinesOfSlogHave207BytesOnAverage(t *testing.T) {
	const lines, cri, newline = 10_000, len("2026-03-05T10:11:12.000000000Z stdout F "), 1
	g := New(SlogJSON, 1, first)
	total := 0
	for range lines {
		total += len(g.Append(nil)) - cri - newline
	}
	if average := float64(total) / lines; average < 206 || average > 208 {
		t.Errorf("%.1f bytes", average)
	}
}

func TestSameSeedSameLines(t *testing.T) {
	for _, kind := range []Kind{SlogJSON, Nginx} {
		a, b, c := New(kind, 1, first), New(kind, 1, first), New(kind, 2, first)
		differs := false
		for range 100 {
			line := a.Append(nil)
			if !bytes.Equal(line, b.Append(nil)) {
				t.Fatalf("%s: the same seed gave another line", kind)
			}
			differs = differs || !bytes.Equal(line, c.Append(nil))
		}
		if !differs {
			t.Errorf("%s: another seed gave the same lines", kind)
		}
	}
}
