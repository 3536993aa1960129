package config

import (
	"reflect"
	"strings"
)

// field is a key of a configuration struct.
type field struct {
	Key   string
	Doc   string
	Index []int
	Type  reflect.Type
}

// fieldsOf lists the keys of struct type t in the order of declaration:
// fields with a mapstructure tag; those of squashed structs in their place.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("mapstructure")
		key, options, _ := strings.Cut(tag, ",")
		switch {
		case options == "squash":
			for _, inner := range fieldsOf(f.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				out = append(out, inner)
			}
		case tagged && key != "" && key != "-" && f.IsExported():
			out = append(out, field{Key: key, Doc: f.Tag.Get("doc"), Index: f.Index, Type: f.Type})
		}
	}
	return out
}

// structOf is t, or what it points to, when that is a struct.
func structOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct
}

// keysOf are the names of fields.
func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.Key
	}
	return keys
}

// fieldNamed finds a key.
func fieldNamed(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.Key == key {
			return f, true
		}
	}
	return field{}, false
}
