package checkpoint

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Totals sum what frames said of every source there ever was. They outlive the
// entries, so that figures made of them only rise.
type Totals struct {
	// Namespaces are by Kubernetes namespace, "" for other files.
	Namespaces map[string]event.Counts
	// Rules are the lines that each rule dropped.
	Rules map[string]uint64
}

// Totals are the sums over all frames that were applied.
func (s *Store) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Totals{maps.Clone(s.totals.Namespaces), maps.Clone(s.totals.Rules)}
}

// Total sums the counts of every source that was ever applied.
func (s *Store) Total() event.Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum event.Counts
	for _, c := range s.totals.Namespaces {
		sum.Add(c)
	}
	return sum
}

func newTotals() Totals {
	return Totals{map[string]event.Counts{}, map[string]uint64{}}
}

func (t *Totals) add(m *frame.Meta) {
	for i := range m.Sources {
		c := t.Namespaces[m.Sources[i].Namespace]
		c.Add(m.Sources[i].Counts)
		t.Namespaces[m.Sources[i].Namespace] = c
	}
	for _, r := range m.Rules {
		t.Rules[r.Name] += r.Lines
	}
}

// append writes the number of namespaces, each with its length, name and six
// counts, and the number of rules, each with its length, name and lines.
func (t *Totals) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(len(t.Namespaces)))
	for _, name := range slices.Sorted(maps.Keys(t.Namespaces)) {
		b = appendName(b, name)
		c := t.Namespaces[name]
		for _, n := range c.Figures() {
			b = le.AppendUint64(b, *n)
		}
	}
	b = le.AppendUint32(b, uint32(len(t.Rules)))
	for _, name := range slices.Sorted(maps.Keys(t.Rules)) {
		b = le.AppendUint64(appendName(b, name), t.Rules[name])
	}
	return b
}

func appendName(b []byte, name string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(name))), name...)
}

// parse reads what append wrote and returns what is behind it.
func (t *Totals) parse(b []byte) ([]byte, error) {
	r := cutter{rest: b}
	for range r.uint32() {
		name, c := r.name(), event.Counts{}
		for _, n := range c.Figures() {
			*n = r.uint64()
		}
		if r.short {
			break
		}
		t.Namespaces[name] = c
	}
	for range r.uint32() {
		name, lines := r.name(), r.uint64()
		if r.short {
			break
		}
		t.Rules[name] = lines
	}
	if r.short {
		return nil, fmt.Errorf("%w: cut off", errContent)
	}
	return r.rest, nil
}

// cutter takes values from the front of bytes; short says that there were too
// few, from when on all values are zero.
type cutter struct {
	rest  []byte
	short bool
}

func (c *cutter) take(n int) []byte {
	if c.short || n > len(c.rest) {
		c.short = true
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cutter) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cutter) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cutter) name() string { return string(c.take(int(c.uint32()))) }
