package pipeline

import (
	"fmt"
	"log/slog"

	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/processors/redact"
)

const redactType = "redact"

// NewRedactor makes an instance of the processor redact for a pipeline with
// these processors: as configured, or else with its defaults, since every
// pipeline has it. A nil logger is silent.
func NewRedactor(cfg *config.Config, processors []config.ID, log *slog.Logger) (*redact.Processor, error) {
	var section config.Section
	for _, id := range processors {
		if id.Type != redactType {
			continue
		}
		if section.ID.Type != "" {
			return nil, fmt.Errorf("processor %s: another one of its type is in the pipeline: put what both redact into one", id)
		}
		section = cfg.Processors[id]
	}
	p, err := build(section, redact.DefaultConfig(), func(c redact.Config) (*redact.Processor, error) {
		return redact.New(c, log)
	})
	if err != nil {
		return nil, fmt.Errorf("processor %s: %w", redactType, err)
	}
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
