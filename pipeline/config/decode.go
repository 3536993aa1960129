package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Decode fills the struct that to points to from a section. What the section
// does not say keeps its value, so to comes with the defaults. A key that the
// struct does not have, and a value of a wrong type, are Problems; all of
// them are reported at once.
func Decode(s Section, to any) error {
	d := decoder{src: s.src}
	d.value(s.Path, s.Raw, reflect.ValueOf(to).Elem())
	return d.problems.asError()
}

type decoder struct {
	src      *source
	problems Problems
}

func (d *decoder) fail(p Path, format string, args ...any) {
	d.problems = append(d.problems, d.src.problem(p, fmt.Sprintf(format, args...)))
}

// value decodes raw, the value at p. An empty value keeps the default.
func (d *decoder) value(p Path, raw any, to reflect.Value) {
	if raw == nil {
		return
	}
	if to.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(p, raw, to)
		return
	}
	if u, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(p, raw, u)
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		d.pointer(p, raw, to)
	case reflect.Struct:
		d.structure(p, raw, to)
	case reflect.Map:
		d.mapping(p, raw, to)
	case reflect.Slice:
		d.list(p, raw, to)
	case reflect.Interface:
		to.Set(reflect.ValueOf(raw))
	default:
		d.scalar(p, raw, to)
	}
}

func (d *decoder) pointer(p Path, raw any, to reflect.Value) {
	if to.IsNil() {
		to.Set(reflect.New(to.Type().Elem()))
	}
	d.value(p, raw, to.Elem())
}

func (d *decoder) structure(p Path, raw any, to reflect.Value) {
	m, ok := raw.(map[string]any)
	if !ok {
		d.fail(p, "must be a mapping of keys, not %s", kindOf(raw))
		return
	}
	fields := fieldsOf(to.Type())
	for _, key := range d.src.ordered(p, m) {
		f, ok := fieldNamed(fields, key)
		if !ok {
			d.fail(p.With(key), "unknown key%s", misplaced(key, fields))
			continue
		}
		d.value(p.With(key), m[key], to.FieldByIndex(f.Index))
	}
}

// misplaced is the cure for an unknown key: the struct beside it that has it,
// or the nearest key.
func misplaced(key string, fields []field) string {
	for _, f := range fields {
		inner, ok := structOf(f.Type)
		if !ok {
			continue
		}
		if _, ok := fieldNamed(fieldsOf(inner), key); ok {
			return fmt.Sprintf("; it belongs one level deeper, into %q", f.Key)
		}
	}
	return didYouMean(key, keysOf(fields))
}

func (d *decoder) mapping(p Path, raw any, to reflect.Value) {
	m, ok := raw.(map[string]any)
	if !ok {
		d.fail(p, "must be a mapping of keys, not %s", kindOf(raw))
		return
	}
	out := reflect.MakeMapWithSize(to.Type(), len(m))
	for _, key := range d.src.ordered(p, m) {
		k, v := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		before := len(d.problems)
		d.value(p.With(key), key, k)
		if len(d.problems) > before {
			continue
		}
		d.value(p.With(key), m[key], v)
		out.SetMapIndex(k, v)
	}
	to.Set(out)
}

func (d *decoder) list(p Path, raw any, to reflect.Value) {
	elems, ok := raw.([]any)
	if !ok {
		d.fail(p, "must be a list, not %s: put it in [square brackets]", kindOf(raw))
		return
	}
	out := reflect.MakeSlice(to.Type(), len(elems), len(elems))
	for i, e := range elems {
		d.value(p.With(strconv.Itoa(i)), e, out.Index(i))
	}
	to.Set(out)
}

// keys are m's keys, sorted.
func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
