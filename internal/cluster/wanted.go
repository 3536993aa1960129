package cluster

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Options say what is wanted.
type Options struct {
	// Mapping is that of the pipeline, otel or ecs.
	Mapping string
	// Datasets narrow the patterns to streams of these datasets.
	Datasets []string
	// Retention is after which age documents may be deleted, such as 30d;
	// empty for never.
	Retention string
	// ILM asks for a policy of index lifecycle management instead of a data
	// stream lifecycle.
	ILM bool
	// NoKey leaves the API key out.
	NoKey bool
	// Templates makes the agent's own also where built-in ones serve.
	Templates bool
}

// Version is that of the resources. It rises when their content changes.
const Version = 1

// priorities of the index templates: above those that Elasticsearch installs
// (100 for logs-*-*, 120 for logs-*.otel-*) and below those of Fleet's
// integrations, which have 200. They differ, since the patterns overlap.
var priorities = map[string]int{"otel": 150, "ecs": 140}

// prefix begins every name; the mapping follows.
const prefix = "tailrace-"

// Name is that of the role, the API key and the templates.
func (o *Options) Name() string { return prefix + o.Mapping }

var (
	age     = regexp.MustCompile(`^[1-9]\d{0,8}[dhms]$`)
	dataset = regexp.MustCompile(`^[a-z0-9_.*]{1,100}$`)
)

// Validate says what is wrong with the options.
func (o *Options) Validate() error {
	switch {
	case o.Mapping != "otel" && o.Mapping != "ecs":
		return fmt.Errorf("mapping %q: want otel or ecs", o.Mapping)
	case o.Retention != "" && !age.MatchString(o.Retention):
		return fmt.Errorf("retention %q: want a whole number of days, hours, minutes or seconds, such as 30d", o.Retention)
	}
	for _, d := range o.Datasets {
		if !dataset.MatchString(d) {
			return fmt.Errorf("dataset %q: want lower-case letters, digits, dots and underscores, such as nginx.access", d)
		}
	}
	return nil
}

// suffix is what the mapping puts behind a dataset.
func (o *Options) suffix() string {
	if o.Mapping == "otel" {
		return ".otel"
	}
	return ""
}

// Patterns are those of the agent's data streams.
func (o *Options) Patterns() []string {
	if len(o.Datasets) == 0 {
		return []string{"logs-*" + o.suffix() + "-*"}
	}
	var all []string
	for _, d := range o.Datasets {
		all = append(all, "logs-"+d+o.suffix()+"-*")
	}
	return all
}

// Sample is the name of a data stream of the agent's.
func (o *Options) Sample() string { return "logs-generic" + o.suffix() + "-default" }

// Resource is one object of a cluster's.
type Resource struct {
	// Path is where it is, Kind what people call it.
	Path, Kind string
	Body       map[string]any
}

// Name is the last part of the path.
func (r *Resource) Name() string {
	return r.Path[strings.LastIndexByte(r.Path, '/')+1:]
}

//go:embed templates
var templates embed.FS

// mappings are those of the mapping, as far as the cluster has their types.
func (o *Options) mappings(f *Features) map[string]any {
	text, err := templates.ReadFile("templates/" + o.Mapping + "@mappings.json")
	var m map[string]any
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		// It is part of the program.
		panic(err)
	}
	f.fit(m)
	return m
}

// settings keep applications from making a mapping explode: beyond the limit
// new fields are stored and not indexed, and a value of another type than the
// field's is ignored there and kept in the document.
func settings(f *Features) map[string]any {
	s := map[string]any{
		"index.mapping.total_fields.limit":                       "1000",
		"index.mapping.total_fields.ignore_dynamic_beyond_limit": "true",
		"index.mapping.ignore_malformed":                         "true",
	}
	if f.AtLeast(8, 17) {
		s["index.mode"] = "logsdb"
		// Without them logsdb sorts by host.name, which an application's host
		// of another form breaks.
		s["index.sort.field"] = []any{"@timestamp"}
		s["index.sort.order"] = []any{"desc"}
	}
	return s
}

// lifecycle is what ends a document's life.
func (o *Options) lifecycle() map[string]any {
	if o.ILM {
		return map[string]any{"settings": map[string]any{"index.lifecycle.name": o.Name()}}
	}
	life := map[string]any{}
	if o.Retention != "" {
		life["data_retention"] = o.Retention
	}
	// Elastic's logs@settings name a policy too, which would come first.
	return map[string]any{"lifecycle": life, "settings": map[string]any{"index.lifecycle.prefer_ilm": "false"}}
}

// policy rolls over as Elastic's own logs@lifecycle does, and deletes. Defaults
// are written out, since the cluster gives them back so.
func (o *Options) policy() *Resource {
	phases := map[string]any{"hot": map[string]any{"min_age": "0ms", "actions": map[string]any{
		"rollover": map[string]any{"max_age": "30d", "max_primary_shard_size": "50gb"}}}}
	if o.Retention != "" {
		phases["delete"] = map[string]any{"min_age": o.Retention, "actions": map[string]any{"delete": map[string]any{"delete_searchable_snapshot": true}}}
	}
	return &Resource{"/_ilm/policy/" + o.Name(), "lifecycle policy", map[string]any{"policy": map[string]any{"phases": phases}}}
}

// base is the built-in template that the agent's builds on, nil for none.
type base struct {
	ComposedOf    []string `json:"composed_of"`
	IgnoreMissing []string `json:"ignore_missing_component_templates"`
}

// Templates are the components and the index template. With a built-in
// template beneath, its components come first and keep their meaning.
func (o *Options) templates(f *Features, b *base) []*Resource {
	component := func(name string, template map[string]any) *Resource {
		return &Resource{"/_component_template/" + o.Name() + name, "component template", map[string]any{"template": template}}
	}
	var all []*Resource
	var composed, missing []string
	if b != nil {
		composed, missing = slices.Clone(b.ComposedOf), slices.Clone(b.IgnoreMissing)
	} else {
		all = append(all, component("@mappings", map[string]any{"mappings": o.mappings(f)}))
	}
	all = append(all, component("@settings", map[string]any{"settings": settings(f)}), component("@lifecycle", o.lifecycle()))
	if o.ILM {
		all = append([]*Resource{o.policy()}, all...)
	}
	for _, r := range all {
		if r.Kind == "component template" {
			composed = append(composed, r.Name())
		}
	}
	custom := o.Name() + "@custom"
	return append(all, &Resource{"/_index_template/" + o.Name(), "index template", map[string]any{
		"index_patterns": list(o.Patterns()), "priority": priorities[o.Mapping], "data_stream": map[string]any{}, "allow_auto_create": true,
		"composed_of": list(append(composed, custom)), "ignore_missing_component_templates": list(append(missing, custom)),
	}})
}

// list is s as JSON has it.
func list(s []string) []any {
	all := make([]any, len(s))
	for i := range s {
		all[i] = s[i]
	}
	return all
}

// Privileges are what the agent needs on its data streams: to write documents
// and create streams, and for the rule that keeps a document from being stored
// twice around a rollover, to find older indices, look into them, and delete
// the younger copy.
var Privileges = []string{"auto_configure", "create_doc", "read", "delete", "view_index_metadata"}

// descriptor is a role with the least rights.
func (o *Options) descriptor() map[string]any {
	return map[string]any{
		"cluster": []any{},
		"indices": []any{map[string]any{"names": list(o.Patterns()), "privileges": list(Privileges)}},
	}
}

func (o *Options) role() *Resource {
	return &Resource{"/_security/role/" + o.Name(), "role", o.descriptor()}
}
