package kibana

// visual is an aggregation-based visualization: the oldest kind, which every
// Kibana 8 and 9 shows.
type visual struct {
	name, title, query string
	// kind is histogram, line or table.
	kind string
	aggs []map[string]any
}

func (m *maker) visual(v visual) *Object {
	for i, a := range v.aggs {
		a["id"], a["enabled"] = string(rune('1'+i)), true
	}
	state := map[string]any{"title": m.named(v.title), "type": v.kind, "aggs": v.aggs, "params": params(v.kind)}
	return m.add(&Object{Type: "visualization", ID: m.id(v.name), References: []Reference{m.view()}, Attributes: map[string]any{
		"title": m.named(v.title), "description": v.title + ".", "visState": text(state), "uiStateJSON": "{}", "version": 1,
		"kibanaSavedObjectMeta": source(v.query),
	}})
}

func count() map[string]any {
	return map[string]any{"type": "count", "schema": "metric", "params": map[string]any{}}
}

func percentiles(field string) map[string]any {
	return map[string]any{"type": "percentiles", "schema": "metric", "params": map[string]any{"field": field, "percents": []int{50, 95, 99}}}
}

func overTime() map[string]any {
	return map[string]any{"type": "date_histogram", "schema": "segment", "params": map[string]any{
		"field": "@timestamp", "interval": "auto", "min_doc_count": 1, "drop_partials": false, "extended_bounds": map[string]any{}}}
}

// by splits into the most frequent values; schema is group for colours and
// bucket for rows.
func by(schema, field string, size int) map[string]any {
	return map[string]any{"type": "terms", "schema": schema, "params": map[string]any{
		"field": field, "size": size, "order": "desc", "orderBy": "1", "otherBucket": false, "missingBucket": false}}
}

// params are the least that a kind of visualization needs to be drawn.
func params(kind string) map[string]any {
	if kind == "table" {
		return map[string]any{"perPage": 10, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false, "totalFunc": "sum"}
	}
	mode := "stacked"
	if kind == "line" {
		mode = "normal"
	}
	return map[string]any{
		"type": kind, "addTooltip": true, "addLegend": true, "legendPosition": "right", "addTimeMarker": false, "times": []any{},
		"grid": map[string]any{"categoryLines": false},
		"categoryAxes": []any{map[string]any{"id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": true, "style": map[string]any{},
			"scale": map[string]any{"type": "linear"}, "labels": map[string]any{"show": true, "truncate": 100}, "title": map[string]any{}}},
		"valueAxes": []any{map[string]any{"id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "show": true, "style": map[string]any{},
			"scale": map[string]any{"type": "linear", "mode": "normal"}, "labels": map[string]any{"show": true, "rotate": 0, "filter": false, "truncate": 100},
			"title": map[string]any{"text": ""}}},
		"seriesParams": []any{map[string]any{"show": true, "type": kind, "mode": mode, "data": map[string]any{"id": "1", "label": ""},
			"valueAxis": "ValueAxis-1", "drawLinesBetweenPoints": true, "showCircles": true}},
	}
}
