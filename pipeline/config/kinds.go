package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// Kinds are the component types that this binary knows, each with a function
// that returns a pointer to a new configuration struct with its defaults.
// A struct may have a method Validate() error, or ValidateIn(*Service) error
// where it names what the service defines.
type Kinds struct {
	Receivers, Processors, Connectors, Exporters map[string]func() any
	// Format says what is wrong with a format of lines that the service defines
	// under a name; nil means that nothing is.
	Format func(name string, d lineformat.Definition) error
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
	problems := kinds.formats(c)
	for _, kind := range c.kinds() {
		for _, id := range kind.sections.IDs() {
			_, err := kinds.decode(kind, kind.sections[id], &c.Service)
			var found Problems
			if errors.As(err, &found) {
				problems = append(problems, found...)
			}
		}
	}
	return problems.asError()
}

// decode makes the configuration struct of a section.
func (k Kinds) decode(kind kindOfSections, s Section, service *Service) (any, error) {
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
	return cfg, s.valid(cfg, service)
}

// formats are the problems of the formats that the service defines.
func (k Kinds) formats(c *Config) (problems Problems) {
	for _, name := range slices.Sorted(maps.Keys(c.Service.Formats)) {
		d := c.Service.Formats[name]
		if k.Format == nil {
			continue
		}
		if err := k.Format(name, d); err != nil {
			s := Section{Path: Path{"service", "formats", name}, src: c.src}
			problems = append(problems, s.explain(err.Error(), reflect.TypeOf(d)))
		}
	}
	return problems
}

// valid asks the struct itself. An error that begins with a key is reported
// at that key's line.
func (s Section) valid(cfg any, service *Service) error {
	var found error
	switch v := cfg.(type) {
	case interface{ ValidateIn(*Service) error }:
		found = v.ValidateIn(service)
	case interface{ Validate() error }:
		found = v.Validate()
	}
	var problems Problems
	for _, err := range unjoin(found) {
		problems = append(problems, s.explain(err.Error(), reflect.TypeOf(cfg).Elem()))
	}
	return problems.asError()
}

// unjoin undoes errors.Join, but not other ways to wrap several errors, whose
// text is more than its parts.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	many, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(many.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range many.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

// explain finds the place of what a component says: "rules[1].name: must not
// be empty" is about that key; "api_key and user are both set" stands where
// its first word does.
func (s Section) explain(text string, t reflect.Type) Problem {
	word, _, _ := strings.Cut(text, " ")
	key, colon := strings.CutSuffix(word, ":")
	elems := strings.FieldsFunc(key, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	if len(elems) == 0 || t.Kind() != reflect.Struct {
		return s.src.problem(s.Path, text)
	}
	if _, known := fieldNamed(fieldsOf(t), elems[0]); !known {
		return s.src.problem(s.Path, text)
	}
	path := s.Path.With(elems...)
	if colon {
		return s.src.problem(path, strings.TrimPrefix(text, word+" "))
	}
	return Problem{Position: s.src.position(path), Path: s.Path, Message: text}
}
