package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Kinds are the component types that this binary knows, each with a function
// that returns a pointer to a new configuration struct with its defaults.
// A struct may have a method Validate() error.
type Kinds struct {
	Receivers, Processors, Connectors, Exporters map[string]func() any
}

// of are the types of the kind that a document calls name.
func (k Kinds) of(name string) map[string]func() any {
	switch name {
	case "receivers":
		return k.Receivers
	case "processors":
		return k.Processors
	case "connectors":
		return k.Connectors
	default:
		return k.Exporters
	}
}

// Check loads uris and reports everything that is wrong, with the
// configuration as such and with the components' sections, in one error of
// type Problems. The configuration is returned even then when it could be read.
func Check(uris []string, kinds Kinds) (*Config, error) {
	cfg, err := Load(uris)
	var problems Problems
	if err != nil && !errors.As(err, &problems) || cfg == nil {
		return nil, err
	}
	var more Problems
	if errors.As(Validate(cfg, kinds), &more) {
		problems = append(problems, more...)
	}
	slices.SortStableFunc(problems, comparePositions)
	return cfg, problems.asError()
}

func comparePositions(a, b Problem) int {
	if c := strings.Compare(a.File, b.File); c != 0 {
		return c
	}
	return a.Line - b.Line
}

// Validate decodes every component's section as its type asks and reports
// what is wrong with them as Problems. It touches neither network nor files.
func Validate(c *Config, kinds Kinds) error {
	var problems Problems
	for _, kind := range c.kinds() {
		for _, id := range kind.sections.IDs() {
			_, err := kinds.decode(kind, kind.sections[id])
			var found Problems
			if errors.As(err, &found) {
				problems = append(problems, found...)
			}
		}
	}
	return problems.asError()
}

// decode makes the configuration struct of a section.
func (k Kinds) decode(kind kindOfSections, s Section) (any, error) {
	types := k.of(kind.name)
	build, ok := types[s.ID.Type]
	if !ok {
		message := fmt.Sprintf("there is no type %q among the %s%s", s.ID.Type, kind.name,
			didYouMean(s.ID.Type, slices.Collect(maps.Keys(types))))
		return nil, Problems{s.src.problem(s.Path, message)}
	}
	cfg := build()
	if err := Decode(s, cfg); err != nil {
		return cfg, err
	}
	return cfg, s.valid(cfg)
}

// valid asks the struct itself. An error that begins with a key and a colon
// is reported at that key's line.
func (s Section) valid(cfg any) error {
	v, ok := cfg.(interface{ Validate() error })
	if !ok {
		return nil
	}
	var problems Problems
	for _, err := range unjoin(v.Validate()) {
		path, message := s.locate(err.Error(), reflect.TypeOf(cfg).Elem())
		problems = append(problems, s.src.problem(path, message))
	}
	return problems.asError()
}

// unjoin undoes errors.Join.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// locate splits "flush.interval: too short" when the struct of type t has
// such a key, with [2] for list elements.
func (s Section) locate(text string, t reflect.Type) (Path, string) {
	head, message, ok := strings.Cut(text, ": ")
	if !ok || strings.ContainsAny(head, " \"") {
		return s.Path, text
	}
	keys := strings.FieldsFunc(head, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	if len(keys) == 0 || t.Kind() != reflect.Struct {
		return s.Path, text
	}
	if _, known := fieldNamed(fieldsOf(t), keys[0]); !known {
		return s.Path, text
	}
	return s.Path.With(keys...), message
}
