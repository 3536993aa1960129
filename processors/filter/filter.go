package filter

import (
	"maps"
	"slices"

	"github.com/tailrace/tailrace/pipeline/event"
)

// rule is a compiled Rule.
type rule struct {
	conditions []condition
	// keepOneIn is 0 when all are dropped.
	keepOneIn uint64
}

// Processor drops records. One instance serves one lane.
type Processor struct {
	names []string
	// first is the number of the first rule.
	first  uint16
	rules  []rule
	reader reader

	// sources has, for each condition of each rule, whether it holds for the
	// source's resource: what a record without the attribute falls back to.
	sources map[*event.Source][]bool
}

// New returns a processor for a configuration that is valid.
func New(c Config) (*Processor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Processor{sources: map[*event.Source][]bool{}}
	for i := range c.Rules {
		r := rule{keepOneIn: c.Rules[i].KeepOneIn}
		for _, field := range slices.Sorted(maps.Keys(c.Rules[i].Match)) {
			cond, err := newCondition(field, c.Rules[i].Match[field])
			if err != nil {
				return nil, err
			}
			r.conditions = append(r.conditions, cond)
		}
		p.names = append(p.names, c.Rules[i].Name)
		p.rules = append(p.rules, r)
	}
	return p, nil
}

// Rules are the rules' names; Record.Rule of a dropped record indexes them,
// counted from the number given to NumberFrom.
func (p *Processor) Rules() []string { return p.names }

// NumberFrom makes the first rule have number n, so that several filters of a
// lane can be told apart.
func (p *Processor) NumberFrom(n int) { p.first = uint16(n) }

// Open finds out which conditions the source's resource and constant
// attributes meet. It must come after the processors that add to these.
func (p *Processor) Open(src *event.Source) {
	var holds []bool
	for i := range p.rules {
		for j := range p.rules[i].conditions {
			holds = append(holds, p.constant(src, &p.rules[i].conditions[j]))
		}
	}
	p.sources[src] = holds
}

func (p *Processor) constant(src *event.Source, c *condition) bool {
	for _, attrs := range [][]event.Attr{src.Attributes, src.Resource} {
		for _, a := range attrs {
			if a.Name == c.field {
				return c.where == inAttributes && c.test.holds(p.reader.json([]byte(a.Value)))
			}
		}
	}
	return false
}

// Close forgets the source.
func (p *Processor) Close(src *event.Source) { delete(p.sources, src) }

// Process marks the records that a rule drops.
func (p *Processor) Process(b *event.Batch) {
	if len(p.rules) == 0 {
		return
	}
	holds, known := p.sources[b.Source]
	if !known {
		p.Open(b.Source)
		holds = p.sources[b.Source]
	}
	p.reader.b = b
	for i := range b.Records {
		if r := &b.Records[i]; r.Flags&event.Dropped == 0 {
			p.record(r, holds)
		}
	}
}

// record applies the first rule that matches.
func (p *Processor) record(r *event.Record, holds []bool) {
	p.reader.start(r)
	first := 0
	for i := range p.rules {
		rule := &p.rules[i]
		if !p.matches(rule, holds[first:]) {
			first += len(rule.conditions)
			continue
		}
		if !p.keeps(rule, r) {
			r.Flags |= event.Dropped
			r.Rule = p.first + uint16(i)
		}
		return
	}
}

func (p *Processor) keeps(rule *rule, r *event.Record) bool {
	return rule.keepOneIn > 0 && isKept(p.reader.b, r, rule.keepOneIn)
}

func (p *Processor) matches(rule *rule, holds []bool) bool {
	for i := range rule.conditions {
		if !p.meets(&rule.conditions[i], holds[i]) {
			return false
		}
	}
	return true
}

// meets tests one condition; holds is the answer for a record that does not
// have the attribute itself.
func (p *Processor) meets(c *condition, holds bool) bool {
	r := p.reader.r
	switch c.where {
	case inBody:
		return c.test.holds(p.reader.body())
	case inSeverityText:
		return r.SeverityText.Kind != event.KindNone && c.test.holds(p.reader.text(r.SeverityText))
	case inSeverityNumber:
		if c.test.kind == inLevel {
			return c.test.low <= r.Severity && r.Severity <= c.test.high
		}
		return r.Severity != 0 && c.test.holds(p.reader.text(event.Int(int64(r.Severity))))
	}
	if v, ok := p.reader.attribute(c); ok {
		return c.test.holds(v)
	}
	return holds
}
