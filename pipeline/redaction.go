package pipeline

import (
	"fmt"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/processors/redact"
)

const redactType = "redact"

// newRedactor makes a lane's instance of the processor redact, which every
// pipeline has: as configured, or else with its defaults.
func (a *Agent) newRedactor() (*redact.Processor, error) {
	var section config.Section
	for _, id := range a.conf.Processors {
		if id.Type != redactType {
			continue
		}
		if section.ID.Type != "" {
			return nil, fmt.Errorf("processor %s: another one of its type is in the pipeline: put what both redact into one", id)
		}
		section = a.cfg.Processors[id]
	}
	p, err := build(section, redact.DefaultConfig(), func(c redact.Config) (*redact.Processor, error) {
		return redact.New(c, a.log)
	})
	if err != nil {
		return nil, fmt.Errorf("processor %s: %w", redactType, err)
	}
	a.redactors = append(a.redactors, p)
	return p, nil
}

func (a *Agent) collectRedaction(e telemetry.Emit) {
	sums := map[string]uint64{}
	for _, p := range a.redactors {
		for _, c := range p.Counters() {
			sums[c.Rule] += c.Count
		}
	}
	for rule, n := range sums {
		e.Value(redactedValues, float64(n), rule)
	}
}
