package kibana

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Version is that of the objects. It rises when their content changes.
const Version = 1

// Object is a saved object as Kibana's import takes it and its export gives it.
type Object struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	References []Reference    `json:"references"`
}

// Reference names another saved object.
type Reference struct {
	Name string `json:"name"`
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Title is what people call the object.
func (o *Object) Title() string {
	if name, ok := o.Attributes["name"].(string); ok {
		return name
	}
	title, _ := o.Attributes["title"].(string)
	return title
}

// maker makes the objects of one mapping.
type maker struct {
	fields
	mapping, prefix string
	all             []*Object
}

// Objects are those of a mapping, what is referred to before what refers. Kibana
// has each id once for all spaces: of an object whose id another space has, an
// import makes a copy with an id of its own (check_conflicts.ts), which could not
// be found again. So ids name the space, but for the default one.
func Objects(mapping, space string) ([]*Object, error) {
	f, ok := mappings[mapping]
	if !ok {
		return nil, fmt.Errorf("mapping %q: want otel or ecs", mapping)
	}
	m := &maker{fields: f, mapping: mapping, prefix: "tailrace-" + mapping + "-"}
	if space != defaultSpace {
		m.prefix = "tailrace-" + space + "-" + mapping + "-"
	}
	m.dataView()
	m.searches()
	m.accessLogs()
	m.errors()
	m.agent()
	return m.all, nil
}

// defaultSpace is Kibana's own, whose addresses have no prefix.
const defaultSpace = ""

// NDJSON is the file that Kibana's import takes.
func NDJSON(objects []*Object) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, o := range objects {
		if err := e.Encode(o.marked(o.sum())); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func (m *maker) id(name string) string { return m.prefix + name }

// title distinguishes the mappings, for those who have both.
func (m *maker) named(title string) string { return "Tailrace: " + title + " (" + m.mapping + ")" }

func (m *maker) add(o *Object) *Object {
	m.all = append(m.all, o)
	return o
}

// text is v as JSON in a string, as Kibana keeps most of what an object says.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		// Only maps, lists and texts get here.
		panic(err)
	}
	return string(b)
}

func (m *maker) dataView() {
	m.add(&Object{Type: "index-pattern", ID: m.id("logs"), References: []Reference{}, Attributes: map[string]any{
		"title": m.title, "name": m.named("logs"), "timeFieldName": "@timestamp", "allowNoIndex": true,
		"fieldFormatMap": text(map[string]any{m.trace: link(), m.duration: m.seconds, m.bytes: format("bytes", map[string]any{})}),
	}})
}

// sourceRef is the name of a reference to the data view in a search source.
const sourceRef = "kibanaSavedObjectMeta.searchSourceJSON.index"

func (m *maker) view() Reference { return Reference{sourceRef, "index-pattern", m.id("logs")} }

// source is a search in Kibana's query language.
func source(query string) map[string]any {
	return map[string]any{"searchSourceJSON": text(map[string]any{
		"query": map[string]any{"language": "kuery", "query": query}, "filter": []any{}, "indexRefName": sourceRef,
	})}
}

// search is a saved search of Discover.
type search struct {
	name, title, about, query string
	columns                   []string
	sort                      [2]string
}

func (m *maker) search(s search) *Object {
	return m.add(&Object{Type: "search", ID: m.id(s.name), References: []Reference{m.view()}, Attributes: map[string]any{
		"title": m.named(s.title), "description": s.about, "columns": s.columns,
		"sort": [][2]string{s.sort}, "grid": map[string]any{}, "hideChart": false, "isTextBasedQuery": false,
		"kibanaSavedObjectMeta": source(s.query),
	}})
}

// newest sorts by time, the last event first.
var newest = [2]string{"@timestamp", "desc"}

func (m *maker) isError() string { return m.severity + " >= " + m.fields.error }

func (m *maker) searches() {
	m.search(search{"errors-with-traces", "errors with traces", "Errors that belong to a trace; the id opens it.",
		m.isError() + " and " + m.trace + " : *", []string{m.pod, m.level, m.message, m.trace}, newest})
	m.search(search{"slow-requests", "slow requests", "Requests of one second and longer, where the access log has their duration.",
		m.duration + " >= " + m.slow, []string{m.duration, m.method, m.path, m.status, m.pod, m.trace}, [2]string{m.duration, "desc"}})
	m.search(search{"this-trace", "this trace", "All lines that belong to traces, in the order of time: filter for one id, by the plus sign beside it.",
		m.trace + " : *", []string{m.trace, m.span, m.pod, m.level, m.message}, [2]string{"@timestamp", "asc"}})
}
