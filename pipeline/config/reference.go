package config

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Reference writes the reference of every key as Markdown, out of the structs
// themselves: the mapstructure and doc tags, and the defaults as values.
func Reference(kinds Kinds, w io.Writer) error {
	r := tables{w: w}
	r.printf("%s", referenceHead)
	r.part("service", "The agent itself.", reflect.ValueOf(layout{Service: DefaultService()}))
	for _, kind := range []string{"receivers", "processors", "connectors", "exporters"} {
		types := kinds.of(kind)
		for _, name := range slices.Sorted(maps.Keys(types)) {
			r.part(kind+": "+name, "", reflect.ValueOf(types[name]()).Elem())
		}
	}
	return r.err
}

const referenceHead = `# Configuration reference

Generated from the program by ` + "`go test ./cmd/tailrace -rewrite`" + `; do not edit.

A configuration has the keys ` + "`receivers`, `processors`, `exporters` and `service`" + `, as the
OpenTelemetry Collector's. Components are named ` + "`type`" + ` or ` + "`type/name`" + `. Values may hold
` + "`${env:NAME}`, `${env:NAME:-default}` and `${file:PATH}`" + `; ` + "`$$`" + ` is a plain dollar sign. Several
` + "`--config`" + ` are merged, and the last one to set a value wins. Durations are written ` + "`200ms`, `5s`,\n`24h`, `7d`" + `; sizes ` + "`4MiB`, `10GiB`" + `. ` + "`config.example.yaml`" + ` shows every key in place.
`

type tables struct {
	w   io.Writer
	err error
}

func (r *tables) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

// part is one table. Of the outermost level only service has keys of its own.
func (r *tables) part(title, lead string, v reflect.Value) {
	r.printf("\n## %s\n\n", title)
	if lead != "" {
		r.printf("%s\n\n", lead)
	}
	rows := rowsOf("", v)
	if len(rows) == 0 {
		r.printf("It has no keys: write `{}`.\n")
		return
	}
	r.printf("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, row := range rows {
		r.printf("| `%s` | %s | %s | %s |\n", row.key, row.typ, row.def, escapeCell(row.doc))
	}
}

type row struct{ key, typ, def, doc string }

// rowsOf are the keys below struct v, nested ones with dots; kinds of
// components are left out, since they have parts of their own.
func rowsOf(prefix string, v reflect.Value) []row {
	var rows []row
	for _, f := range fieldsOf(v.Type()) {
		key, value := prefix+f.Key, v.FieldByIndex(f.Index)
		if _, components := value.Interface().(map[ID]any); components {
			continue
		}
		if inner, ok := nested(f.Type); ok {
			rows = append(rows, rowsOf(key+".", filled(value, inner))...)
			continue
		}
		rows = append(rows, row{key, typeName(f.Type), defaultCell(value), f.Doc})
		if elem, suffix, ok := elementOf(f.Type); ok {
			rows = append(rows, withoutDefaults(rowsOf(key+suffix+".", reflect.Zero(elem)))...)
		}
	}
	return rows
}

// filled is v, or an empty struct where v is a pointer to none.
func filled(v reflect.Value, t reflect.Type) reflect.Value {
	switch {
	case v.Kind() != reflect.Pointer:
		return v
	case v.IsNil():
		return reflect.Zero(t)
	}
	return v.Elem()
}

// withoutDefaults is for elements, which exist only where they are written.
func withoutDefaults(rows []row) []row {
	for i := range rows {
		rows[i].def = ""
	}
	return rows
}

// nested is the struct with keys that t is or points to; structs that are
// written as a single value are none.
func nested(t reflect.Type) (reflect.Type, bool) {
	t, ok := structOf(t)
	return t, ok && typeName(t) == "mapping"
}

// elementOf is the struct in a list or in a mapping by name.
func elementOf(t reflect.Type) (elem reflect.Type, suffix string, ok bool) {
	switch t.Kind() {
	case reflect.Slice:
		elem, ok = nested(t.Elem())
		return elem, "[]", ok
	case reflect.Map:
		elem, ok = nested(t.Elem())
		return elem, ".NAME", ok
	}
	return nil, "", false
}

func defaultCell(v reflect.Value) string {
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		switch v.Kind() {
		case reflect.Bool, reflect.Int, reflect.Float64:
		default:
			return ""
		}
	}
	n := node(v)
	if n.Value != "" {
		return "`" + n.Value + "`"
	}
	parts := make([]string, len(n.Content))
	for i, c := range n.Content {
		parts[i] = c.Value
	}
	return "`[" + strings.Join(parts, ", ") + "]`"
}

func escapeCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Keys are all keys of the service and of every component type, as paths with
// dots behind the type's name: what an example of everything has to show.
func Keys(kinds Kinds) []string {
	var keys []string
	add := func(prefix string, v reflect.Value) {
		for _, r := range rowsOf(prefix, v) {
			keys = append(keys, r.key)
		}
	}
	add("", reflect.ValueOf(layout{Service: DefaultService()}))
	for _, kind := range []string{"receivers", "processors", "connectors", "exporters"} {
		for name, build := range kinds.of(kind) {
			add(kind+"."+name+".", reflect.ValueOf(build()).Elem())
		}
	}
	slices.SortFunc(keys, cmp.Compare)
	return keys
}
