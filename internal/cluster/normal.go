package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/tailrace/tailrace/internal/managed"
)

// Elasticsearch gives a template back in another form than it got: settings as
// nested texts, defaults written out, times added. normal brings both forms to
// the same one.
func normal(body map[string]any) map[string]any {
	m := managed.Clone(body)
	for _, made := range []string{"created_date", "created_date_millis", "modified_date", "modified_date_millis", "deprecated"} {
		delete(m, made)
	}
	if ds, ok := m["data_stream"].(map[string]any); ok {
		dropFalse(ds, "hidden", "allow_custom_routing")
	}
	if t, ok := m["template"].(map[string]any); ok {
		normalTemplate(t)
	}
	dropEmpty(m, "applications", "run_as", "metadata", "transient_metadata", "template", "ignore_missing_component_templates", "cluster")
	normalIndices(m["indices"])
	return m
}

func normalTemplate(t map[string]any) {
	if s, ok := t["settings"].(map[string]any); ok {
		flat := map[string]any{}
		flatten(flat, "", s)
		t["settings"] = flat
	}
	if l, ok := t["lifecycle"].(map[string]any); ok && l["enabled"] == true {
		delete(l, "enabled")
	}
	dropEmpty(t, "aliases", "settings", "mappings")
}

// normalIndices drops what a role's answer adds.
func normalIndices(indices any) {
	list, _ := indices.([]any)
	for _, i := range list {
		if m, ok := i.(map[string]any); ok {
			dropFalse(m, "allow_restricted_indices")
		}
	}
}

// flatten writes settings by their whole names as texts.
func flatten(into map[string]any, path string, from map[string]any) {
	for name, v := range from {
		name = strings.TrimPrefix(path+"."+name, ".")
		if below, ok := v.(map[string]any); ok {
			flatten(into, name, below)
			continue
		}
		if !strings.HasPrefix(name, "index.") {
			name = "index." + name
		}
		if list, ok := v.([]any); ok {
			into[name] = list
		} else {
			into[name] = fmt.Sprint(v)
		}
	}
}

func dropFalse(m map[string]any, names ...string) {
	for _, n := range names {
		if m[n] == false {
			delete(m, n)
		}
	}
}

func dropEmpty(m map[string]any, names ...string) {
	for _, n := range names {
		switch v := m[n].(type) {
		case map[string]any:
			if n != "transient_metadata" && len(v) > 0 {
				continue
			}
			delete(m, n)
		case []any:
			if len(v) == 0 {
				delete(m, n)
			}
		}
	}
}

// metaOf is where a resource keeps its marks: _meta of templates and policies,
// metadata of roles.
func metaOf(kind string) string {
	if kind == "role" {
		return "metadata"
	}
	return "_meta"
}

// content is what a resource says without its marks.
func content(kind string, body map[string]any) map[string]any {
	m := managed.Clone(body)
	if p, ok := m["policy"].(map[string]any); ok {
		delete(p, "_meta")
	}
	delete(m, metaOf(kind))
	return normal(m)
}

// marked is the body with the version and the sum of its content.
func (r *Resource) marked() map[string]any {
	m := maps.Clone(r.Body)
	marks := map[string]any{"managed_by": "tailrace", "version": Version, "sha256": managed.Sum(content(r.Kind, r.Body))}
	if p, ok := m["policy"].(map[string]any); ok {
		p = maps.Clone(p)
		p["_meta"] = marks
		m["policy"] = p
		return m
	}
	m[metaOf(r.Kind)] = marks
	return m
}

// marksOf are those of a stored resource. What stands in their place and is
// not the agent's is none.
func marksOf(kind string, body map[string]any) managed.Marks {
	from := body
	if p, ok := body["policy"].(map[string]any); ok {
		from = p
	}
	var found struct {
		ManagedBy string `json:"managed_by"`
		Version   int    `json:"version"`
		Sum       string `json:"sha256"`
	}
	b, err := json.Marshal(from[metaOf(kind)])
	if err != nil || json.Unmarshal(b, &found) != nil || found.ManagedBy != "tailrace" {
		return managed.Marks{}
	}
	return managed.Marks{Version: found.Version, Sent: found.Sum, Kept: found.Sum}
}
