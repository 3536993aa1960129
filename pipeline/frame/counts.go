package frame

import (
	"encoding/binary"

	"github.com/tailrace/tailrace/pipeline/event"
)

func appendCounts(b []byte, c *event.Counts) []byte {
	for _, n := range c.Figures() {
		b = binary.AppendUvarint(b, *n)
	}
	return b
}

func (r *reader) counts(c *event.Counts) {
	for _, n := range c.Figures() {
		*n = r.uvarint()
	}
}
