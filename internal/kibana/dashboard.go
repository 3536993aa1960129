package kibana

import "strconv"

// The grid of a dashboard has 48 columns.
const (
	columns    = 48
	panelHigh  = 12
	panelsWide = 2
)

// dashboard lays objects out two by two; saved searches take a whole row.
func (m *maker) dashboard(name, title, about string, shown ...*Object) {
	var panels []any
	references := []Reference{}
	x, y := 0, 0
	for i, o := range shown {
		wide := columns / panelsWide
		if o.Type == "search" {
			wide = columns
			if x > 0 {
				x, y = 0, y+panelHigh
			}
		}
		index := strconv.Itoa(i + 1)
		ref := "panel_" + index
		panels = append(panels, map[string]any{
			"type": o.Type, "panelIndex": index, "panelRefName": ref, "embeddableConfig": map[string]any{},
			"gridData": map[string]any{"x": x, "y": y, "w": wide, "h": panelHigh, "i": index},
		})
		// Kibana finds a panel's reference by its index and this name.
		references = append(references, Reference{index + ":" + ref, o.Type, o.ID})
		if x += wide; x >= columns {
			x, y = 0, y+panelHigh
		}
	}
	m.add(&Object{Type: "dashboard", ID: m.id(name), References: references, Attributes: map[string]any{
		"title": m.named(title), "description": about, "timeRestore": false, "version": 1,
		"panelsJSON":            text(panels),
		"optionsJSON":           text(map[string]any{"useMargins": true, "hidePanelTitles": false}),
		"kibanaSavedObjectMeta": map[string]any{"searchSourceJSON": text(map[string]any{"query": map[string]any{"language": "kuery", "query": ""}, "filter": []any{}})},
	}})
}

// find is an object that was made before.
func (m *maker) find(name string) *Object {
	for _, o := range m.all {
		if o.ID == m.id(name) {
			return o
		}
	}
	return nil
}

func (m *maker) accessLogs() {
	access := m.status + " : *"
	m.dashboard("access-logs", "access logs", "Requests, by status and path, and how long they took.",
		m.visual(visual{"requests", "requests by status", access, "histogram", []map[string]any{count(), overTime(), by("group", m.status, 10)}}),
		m.visual(visual{"durations", "durations of requests", m.duration + " : *", "line", []map[string]any{percentiles(m.duration), overTime()}}),
		m.visual(visual{"paths", "paths", access, "table", []map[string]any{count(), by("bucket", m.path, 50), by("bucket", m.status, 5)}}),
		m.visual(visual{"clients", "clients", access, "table", []map[string]any{count(), by("bucket", m.client, 50)}}),
		m.find("slow-requests"))
}

func (m *maker) errors() {
	m.dashboard("errors", "errors", "Lines of level error and above, and those that belong to traces.",
		m.visual(visual{"errors-over-time", "errors by pod", m.isError(), "histogram", []map[string]any{count(), overTime(), by("group", m.pod, 10)}}),
		m.visual(visual{"errors-by-place", "where errors come from", m.isError(), "table",
			[]map[string]any{count(), by("bucket", m.namespace, 20), by("bucket", m.pod, 20), by("bucket", m.container, 5)}}),
		m.find("errors-with-traces"))
}

// agent shows what documents tell of the agent. Its own metrics are
// Prometheus's and do not reach Elasticsearch.
func (m *maker) agent() {
	odd := m.truncated + " : true or " + m.malformed + " : true or " + m.escaped + " : true"
	m.dashboard("agent", "what arrives", "Lines as they arrive, and those that were cut, not understood or not UTF-8. The agent's own metrics are in Prometheus.",
		m.visual(visual{"lines", "lines by namespace", "", "histogram", []map[string]any{count(), overTime(), by("group", m.namespace, 10)}}),
		m.visual(visual{"odd-lines", "lines with marks by pod", odd, "table", []map[string]any{count(), by("bucket", m.pod, 20), by("bucket", m.stream, 2)}}),
		m.search(search{"odd", "lines with marks", "Lines that were cut, that the container runtime did not write, or that are not UTF-8.",
			odd, []string{m.pod, m.observed, m.message}, newest}))
}
