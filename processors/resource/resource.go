// Package resource adds static attributes to the resource of every source,
// such as the cluster's name. They become constant bytes of the documents, so
// they cost nothing per line.
package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Config is the processor's configuration.
type Config struct {
	Attributes map[string]any `mapstructure:"attributes" doc:"Resource attributes that every event gets: text, numbers, booleans, or lists of one of them; a configured attribute wins over one of the same name that a receiver found."`
}

// DefaultConfig adds nothing.
func DefaultConfig() Config { return Config{} }

// Validate names every attribute that cannot be written.
func (c *Config) Validate() error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		if strings.TrimSpace(name) == "" {
			all = append(all, fmt.Errorf("attributes: %q is no name: write one such as deployment.environment.name", name))
			continue
		}
		if err := check(c.Attributes[name]); err != nil {
			all = append(all, fmt.Errorf("attributes: %s: %w", name, err))
		}
	}
	return errors.Join(all...)
}

// check allows what an OpenTelemetry attribute may be.
func check(v any) error {
	switch v := v.(type) {
	case string, bool, int, int64, uint64:
		return nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%v cannot be written as JSON: use a finite number", v)
		}
		return nil
	case []any:
		return checkList(v)
	case nil:
		return errors.New("has no value: write one, or take the key out")
	}
	return fmt.Errorf("must be text, a number, a boolean or a list of these, not %T: write nested keys as one name with dots", v)
}

func checkList(list []any) error {
	for i, v := range list {
		if _, nested := v.([]any); nested {
			return fmt.Errorf("[%d] is a list in a list: lists hold text, numbers or booleans", i)
		}
		if err := check(v); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

// Processor adds the attributes when a source is opened; lines pass untouched.
type Processor struct{ attrs []event.Attr }

// New returns a processor for a configuration that is valid.
func New(c Config) (*Processor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := new(Processor)
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		value, err := json.Marshal(c.Attributes[name])
		if err != nil {
			return nil, fmt.Errorf("attributes: %s: %w", name, err)
		}
		p.attrs = append(p.attrs, event.Attr{Name: name, Value: string(value)})
	}
	return p, nil
}

// Open adds the attributes to src. Its list is replaced, not changed, since
// receivers may share one between sources.
func (p *Processor) Open(src *event.Source) {
	if len(p.attrs) == 0 {
		return
	}
	merged := slices.Clone(src.Resource)
	for _, a := range p.attrs {
		i := slices.IndexFunc(merged, func(old event.Attr) bool { return old.Name == a.Name })
		if i < 0 {
			merged = append(merged, a)
			continue
		}
		merged[i] = a
	}
	src.Resource = merged
}

// Process has nothing to do.
func (p *Processor) Process(*event.Batch) {}

// Close has nothing to do.
func (p *Processor) Close(*event.Source) {}
