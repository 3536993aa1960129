package encode

import "testing"

func TestFlattenMovesAttributes(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"beside a text",
			`{"@timestamp":"t","attributes":{"log.iostream":"stdout","status":"up","n":1.50},"severity_number":9,"trace_id":"ab","body":{"text":"hi \"there\""}}`,
			`{"@timestamp":"t","attributes":{"log.iostream":"stdout"},"severity_number":9,"trace_id":"ab","body":{"text":"hi \"there\"","structured":{"attributes":{"status":"up","n":1.50}}}}`},
		{"into a structured body",
			`{"attributes":{"a":{"b":[1,2]}},"body":{"structured":{"x":1}}}`,
			`{"attributes":{},"body":{"structured":{"x":1,"attributes":{"a":{"b":[1,2]}}}}}`},
		{"without a body", `{"attributes":{"a":null}}`, `{"attributes":{},"body":{"structured":{"attributes":{"a":null}}}}`},
		{"an own name with a foreign value", `{"attributes":{"log.file.path":7}}`,
			`{"attributes":{},"body":{"structured":{"attributes":{"log.file.path":7}}}}`},
		{"nothing to move", `{"attributes":{"log.file.path":"/a"},"body":{"text":"x"}}`, ""},
		{"no attributes", `{"body":{"text":"x"}}`, ""},
		{"no JSON", `{"body`, ""},
		{"of mapping ecs",
			`{"@timestamp":"t","service.name":"cart","ecs.version":"8.17.0","status":"up","a":{"b":1.50},"event.severity":9,"trace.id":"ab","message":"hi"}`,
			`{"@timestamp":"t","service.name":"cart","ecs.version":"8.17.0","event.severity":9,"trace.id":"ab","message":"hi","tailrace.structured_data":{"status":"up","a":{"b":1.50}}}`},
		{"nothing to move, of mapping ecs", `{"service.name":"cart","ecs.version":"8.17.0","message":"hi"}`, ""},
		{"rewritten before, of mapping ecs", `{"ecs.version":"8.17.0","message":"hi","tailrace.structured_data":{"a":1}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Flatten([]byte(c.doc))
			if string(got) != c.want || ok != (c.want != "") {
				t.Errorf("got %v %s\nwant   %s", ok, got, c.want)
			}
		})
	}
}
