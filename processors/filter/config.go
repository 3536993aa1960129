// Package filter drops records that a user's rules name, or keeps one in so
// many of them. What it drops is counted by rule, never silently gone.
package filter

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Config is the processor's configuration.
type Config struct {
	Rules []Rule `mapstructure:"rules" doc:"Rules in order; the first whose match holds decides about a record."`
}

// Rule says what happens to the records that it matches.
type Rule struct {
	Name      string         `mapstructure:"name" doc:"The name under which the rule's dropped lines are counted."`
	Match     map[string]any `mapstructure:"match" doc:"Conditions, all of which must hold: a field, and the value it equals or one of {equals: …}, {prefix: …}, {regexp: …}; a field is an attribute, a resource attribute, severity (a level's name), severity_number, severity_text or body."`
	Action    string         `mapstructure:"action" doc:"drop."`
	KeepOneIn uint64         `mapstructure:"keep_one_in" doc:"Instead of an action: keep one of so many records and drop the others; a record that is read again after a crash meets the same fate."`
}

// actionDrop is the only action by name.
const actionDrop = "drop"

// MaxRules is how many rules a record can tell apart.
const MaxRules = math.MaxUint16

// DefaultConfig has no rules.
func DefaultConfig() Config { return Config{} }

// Validate names every rule and key that is wrong.
func (c *Config) Validate() error {
	var all []error
	if len(c.Rules) > MaxRules {
		all = append(all, fmt.Errorf("rules: %d are too many: at most %d", len(c.Rules), MaxRules))
	}
	names := map[string]int{}
	for i := range c.Rules {
		r := &c.Rules[i]
		at := fmt.Sprintf("rules[%d]", i)
		if first, twice := names[r.Name]; twice && r.Name != "" {
			all = append(all, fmt.Errorf("%s.name: %q is the name of rules[%d] too: each rule is counted by its own name", at, r.Name, first))
		}
		names[r.Name] = i
		all = append(all, r.validate(at)...)
	}
	return errors.Join(all...)
}

func (r *Rule) validate(at string) (all []error) {
	if r.Name == "" {
		all = append(all, fmt.Errorf("%s.name: is missing: dropped lines are counted by it", at))
	}
	switch {
	case r.Action == "" && r.KeepOneIn == 0:
		all = append(all, fmt.Errorf("%s: rule %q does nothing: add action: drop or keep_one_in: N", at, r.Name))
	case r.Action != "" && r.KeepOneIn != 0:
		all = append(all, fmt.Errorf("%s.action: rule %q has keep_one_in too: take one of them out", at, r.Name))
	case r.Action != "" && r.Action != actionDrop:
		all = append(all, fmt.Errorf("%s.action: %q is no action: write drop, or keep_one_in: N instead of an action", at, r.Action))
	}
	if len(r.Match) == 0 {
		all = append(all, fmt.Errorf("%s.match: rule %q would match every record: name at least one field", at, r.Name))
	}
	for _, field := range slices.Sorted(maps.Keys(r.Match)) {
		if _, err := newCondition(field, r.Match[field]); err != nil {
			all = append(all, fmt.Errorf("%s.match: rule %q, field %q: %w", at, r.Name, field, err))
		}
	}
	return all
}
