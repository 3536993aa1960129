package frame

import (
	"encoding/binary"

	"github.com/tailrace/tailrace/pipeline/event"
)

// counters lists the figures in the order in which they are stored.
func counters(c *event.Counts) [6]*uint64 {
	return [6]*uint64{&c.Lines, &c.DocLines, &c.DroppedLines, &c.Docs, &c.LostBytes, &c.Bytes}
}

func appendCounts(b []byte, c *event.Counts) []byte {
	for _, n := range counters(c) {
		b = binary.AppendUvarint(b, *n)
	}
	return b
}

func (r *reader) counts(c *event.Counts) {
	for _, n := range counters(c) {
		*n = r.uvarint()
	}
}
