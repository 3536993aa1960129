package kibana

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyMapping are the objects as they stand in the files.
func everyMapping(t *testing.T) map[string][]map[string]any {
	t.Helper()
	all := map[string][]map[string]any{}
	for _, mapping := range []string{"otel", "ecs"} {
		objects, err := Objects(mapping, "")
		if err != nil {
			t.Fatal(err)
		}
		file, err := NDJSON(objects)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(file) {
			var o map[string]any
			if err := json.Unmarshal(line, &o); err != nil {
				t.Fatal(err)
			}
			all[mapping] = append(all[mapping], o)
		}
	}
	return all
}

// goldenFields are the names of all fields in the golden documents of package
// encode, as an index has them.
func goldenFields(t *testing.T, mapping string) map[string]bool {
	t.Helper()
	dir := map[string]string{"otel": "testdata", "ecs": "testdata/ecs"}[mapping]
	files, err := filepath.Glob(filepath.Join("../../pipeline/encode", dir, "*.ndjson"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden documents in %s: %v", dir, err)
	}
	fields := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, source, _ := bytes.Cut(text, []byte("\n"))
		var doc map[string]any
		if err := json.Unmarshal(source, &doc); err != nil {
			t.Fatal(err)
		}
		collect(fields, "", doc)
	}
	return fields
}

func collect(fields map[string]bool, path string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		fields[path] = true
		return
	}
	for name, below := range m {
		collect(fields, strings.TrimPrefix(path+"."+name, "."), below)
	}
}

// queried are the fields of a query in Kibana's language.
var queried = regexp.MustCompile(`([@\w.]+)\s*(?::|>=|<=|>|<)`)

// namedFields are all fields that an object names, wherever it does.
func namedFields(t *testing.T, o map[string]any) (names []string) {
	t.Helper()
	a := o["attributes"].(map[string]any)
	parse := func(text any, into any) {
		if s, ok := text.(string); ok {
			if err := json.Unmarshal([]byte(s), into); err != nil {
				t.Fatal(err)
			}
		}
	}
	var formats map[string]any
	parse(a["fieldFormatMap"], &formats)
	for name := range formats {
		names = append(names, name)
	}
	var state struct {
		Aggs []struct{ Params struct{ Field string } }
	}
	parse(a["visState"], &state)
	for _, agg := range state.Aggs {
		if agg.Params.Field != "" {
			names = append(names, agg.Params.Field)
		}
	}
	if meta, ok := a["kibanaSavedObjectMeta"].(map[string]any); ok {
		var source struct{ Query struct{ Query string } }
		parse(meta["searchSourceJSON"], &source)
		for _, m := range queried.FindAllStringSubmatch(source.Query.Query, -1) {
			names = append(names, m[1])
		}
	}
	if time, ok := a["timeFieldName"].(string); ok {
		names = append(names, time)
	}
	columns, _ := a["columns"].([]any)
	for _, c := range columns {
		names = append(names, c.(string))
	}
	sort, _ := a["sort"].([]any)
	for _, s := range sort {
		names = append(names, s.([]any)[0].(string))
	}
	return names
}

func TestEveryFieldIsInADocument(t *testing.T) {
	for mapping, objects := range everyMapping(t) {
		fields, n := goldenFields(t, mapping), 0
		for _, o := range objects {
			for _, name := range namedFields(t, o) {
				if n++; !fields[name] {
					t.Errorf("%s %s names %s, which no document of mapping %s has", o["type"], o["id"], name, mapping)
				}
			}
		}
		if n < 50 {
			t.Errorf("only %d fields are named: the test does not find them", n)
		}
	}
}

func TestEveryReferenceLeadsToAnObjectBefore(t *testing.T) {
	for _, objects := range everyMapping(t) {
		before := map[string]bool{}
		for _, o := range objects {
			names := map[string]bool{}
			for _, r := range o["references"].([]any) {
				ref := r.(map[string]any)
				if names[ref["name"].(string)] = true; !before[fmt.Sprint(ref["type"], ref["id"])] {
					t.Errorf("%s refers to %v, which does not stand before it", o["id"], ref)
				}
			}
			for _, name := range referredTo(o) {
				if !names[name] {
					t.Errorf("%s names the reference %s and does not have it", o["id"], name)
				}
			}
			before[fmt.Sprint(o["type"], o["id"])] = true
		}
	}
}

// referredTo are the names of references in an object's texts.
func referredTo(o map[string]any) (names []string) {
	a := o["attributes"].(map[string]any)
	if meta, ok := a["kibanaSavedObjectMeta"].(map[string]any); ok && strings.Contains(meta["searchSourceJSON"].(string), "indexRefName") {
		names = append(names, sourceRef)
	}
	var panels []struct{ PanelIndex, PanelRefName string }
	if s, ok := a["panelsJSON"].(string); ok && json.Unmarshal([]byte(s), &panels) == nil {
		for _, p := range panels {
			names = append(names, p.PanelIndex+":"+p.PanelRefName)
		}
	}
	return names
}

var update = flag.Bool("update", false, "write the files in deploy/kibana")

// TestFilesAreThoseOfTheProgram holds the files for Kibana's own import to what
// setup kibana writes.
func TestFilesAreThoseOfTheProgram(t *testing.T) {
	for _, mapping := range []string{"otel", "ecs"} {
		objects, err := Objects(mapping, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := NDJSON(objects)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join("../../deploy/kibana", "tailrace-"+mapping+".ndjson")
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s differs; run with -update if this is intended:\n%s", name, diff)
		}
	}
}
