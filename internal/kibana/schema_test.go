package kibana

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// schema is the part of JSON Schema that testdata/saved-object.schema.json is
// written in.
type schema struct {
	Ref        string             `json:"$ref"`
	Defs       map[string]*schema `json:"$defs"`
	Type       string
	Enum       []any
	Required   []string
	Properties map[string]*schema
	// Additional is false, a schema, or absent.
	Additional json.RawMessage `json:"additionalProperties"`
	Items      *schema
	MaxItems   *int
	Minimum    *float64
	Maximum    *float64
}

func readSchema(t *testing.T) *schema {
	text, err := os.ReadFile("testdata/saved-object.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// check names what of v is not as s says.
func (s *schema) check(root *schema, path string, v any) (wrong []string) {
	if s.Ref != "" {
		return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].check(root, path, v)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		wrong = append(wrong, fmt.Sprintf("%s is %v", path, v))
	}
	if s.Type != "" && s.Type != typeOf(v) {
		return append(wrong, fmt.Sprintf("%s is a %s, not a %s", path, typeOf(v), s.Type))
	}
	switch v := v.(type) {
	case map[string]any:
		return append(wrong, s.checkObject(root, path, v)...)
	case []any:
		return append(wrong, s.checkList(root, path, v)...)
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			wrong = append(wrong, fmt.Sprintf("%s is %v", path, v))
		}
	}
	return wrong
}

func (s *schema) checkObject(root *schema, path string, v map[string]any) (wrong []string) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			wrong = append(wrong, path+" lacks "+name)
		}
	}
	for name, below := range v {
		p, known := s.Properties[name]
		var other schema
		switch {
		case known:
			wrong = append(wrong, p.check(root, path+"."+name, below)...)
		case string(s.Additional) == "false":
			wrong = append(wrong, path+" has "+name)
		case len(s.Additional) > 0 && json.Unmarshal(s.Additional, &other) == nil:
			wrong = append(wrong, other.check(root, path+"."+name, below)...)
		}
	}
	return wrong
}

func (s *schema) checkList(root *schema, path string, v []any) (wrong []string) {
	if s.MaxItems != nil && len(v) > *s.MaxItems {
		wrong = append(wrong, fmt.Sprintf("%s has %d items", path, len(v)))
	}
	for i, item := range v {
		if s.Items != nil {
			wrong = append(wrong, s.Items.check(root, fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	}
	return wrong
}

func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

// inner are the texts with JSON in them, by the last part of their path.
var inner = []string{"fieldFormatMap", "searchSourceJSON", "panelsJSON", "optionsJSON", "visState"}

// checkInner looks into texts with JSON in them.
func checkInner(root *schema, path string, v map[string]any) (wrong []string) {
	for name, below := range v {
		if m, ok := below.(map[string]any); ok {
			wrong = append(wrong, checkInner(root, path+"."+name, m)...)
		}
		if !slices.Contains(inner, name) {
			continue
		}
		var parsed any
		text, _ := below.(string)
		if err := json.Unmarshal([]byte(text), &parsed); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s.%s: %v", path, name, err))
			continue
		}
		wrong = append(wrong, root.Defs[name].check(root, path+"."+name, parsed)...)
	}
	return wrong
}

func TestObjectsAreAsKibanaTakesThem(t *testing.T) {
	root := readSchema(t)
	for mapping, objects := range everyMapping(t) {
		for _, o := range objects {
			kind := o["type"].(string)
			attributes := o["attributes"].(map[string]any)
			path := mapping + " " + o["id"].(string)
			wrong := root.check(root, path, o)
			wrong = append(wrong, root.Defs[kind].check(root, path, attributes)...)
			for _, w := range append(wrong, checkInner(root, path, attributes)...) {
				t.Error(w)
			}
		}
	}
}

// A schema that lets everything pass would prove nothing.
func TestSchemaFindsMistakes(t *testing.T) {
	root := readSchema(t)
	for name, damage := range map[string]func(o, attributes map[string]any){
		"a member that there is not": func(_, a map[string]any) { a["panels"] = []any{} },
		"a title that is no text":    func(_, a map[string]any) { a["title"] = 1.0 },
		"no panels":                  func(_, a map[string]any) { delete(a, "panelsJSON") },
		"panels that are no JSON":    func(_, a map[string]any) { a["panelsJSON"] = "[" },
		"a panel beside the grid": func(_, a map[string]any) {
			a["panelsJSON"] = strings.Replace(a["panelsJSON"].(string), `"x":24`, `"x":48`, 1)
		},
		"a reference without a name": func(o, _ map[string]any) { o["references"] = []any{map[string]any{"type": "search", "id": "x"}} },
	} {
		for _, o := range everyMapping(t)["otel"] {
			if o["id"] != "tailrace-otel-access-logs" {
				continue
			}
			attributes := o["attributes"].(map[string]any)
			damage(o, attributes)
			wrong := append(root.check(root, "", o), root.Defs["dashboard"].check(root, "", attributes)...)
			if wrong = append(wrong, checkInner(root, "", attributes)...); len(wrong) == 0 {
				t.Errorf("%s is not found", name)
			}
		}
	}
}
