package elastic

import "strings"

// logsTemplate makes data streams of logs, as Elastic's own templates do, but
// without what the test server does not have (ingest pipelines, ILM,
// match_only_text).
const logsTemplate = `{
  "index_patterns": ["logs-*-NAMESPACE"], "data_stream": {}, "priority": 500,
  "template": {
    "settings": {"number_of_replicas": 0},
    "mappings": {
      "dynamic_templates": [{"strings": {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024}}}],
      "properties": {
        "@timestamp": {"type": "date_nanos"},
        "severity_number": {"type": "byte"},
        "body": {"properties": {"text": {"type": "text"}, "structured": {"type": "flattened"}}},
        "trace_id": {"type": "keyword"},
        "attributes": {"type": "passthrough", "dynamic": true, "priority": 20, "time_series_dimension": false},
        "resource": {"properties": {"attributes": {"type": "passthrough", "dynamic": true, "priority": 10, "time_series_dimension": false}}}
      }
    }
  }
}`

// openSearchFields makes the template's field types those of OpenSearch.
var openSearchFields = strings.NewReplacer(`"flattened"`, `"flat_object"`,
	`"type": "passthrough", "dynamic": true, "priority": 20, "time_series_dimension": false`, `"type": "object", "dynamic": true`,
	`"type": "passthrough", "dynamic": true, "priority": 10, "time_series_dimension": false`, `"type": "object", "dynamic": true`)

// TakeLogs lets the server take logs of a namespace (the last part of a data
// stream's name) as data streams with the agent's fields. The changes are pairs
// of a text in the template and what is to be in its place; without any, a
// second call takes back those of the first.
func (s *Server) TakeLogs(namespace string, changes ...string) {
	s.t.Helper()
	template := strings.NewReplacer(append(changes, "NAMESPACE", namespace)...).Replace(logsTemplate)
	if s.fields != nil {
		template = s.fields.Replace(template)
	}
	s.Must("PUT", "/_index_template/logs-"+namespace, template)
}
